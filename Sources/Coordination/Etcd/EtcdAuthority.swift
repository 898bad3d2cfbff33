/// The token that etcd gave for user and password. Asked for once at a time, however many requests want it: checking a
/// password costs etcd a tenth of a second of a core.
actor EtcdAuthority {
    typealias Ask = @Sendable (Etcd.Credentials) async -> Result<String, EtcdFailure>

    /// Whether there is a user at all.
    nonisolated let isNeeded: Bool
    private let credentials: Etcd.Credentials
    private var token: String?
    private var asking: Task<Result<String, EtcdFailure>, Never>?

    init(user: String?, password: String) {
        isNeeded = user != nil
        credentials = Etcd.Credentials(name: user ?? "", password: password)
    }

    /// The token; a new one when there is none, or only `old`. nil from an etcd that asks for none.
    func token(replacing old: String?, _ ask: @escaping Ask) async throws(EtcdFailure) -> String? {
        if let token, token != old { return token.isEmpty ? nil : token }
        let task = asking ?? Task { [credentials] in await ask(credentials) }
        asking = task
        let result = await task.value
        if asking == task { asking = nil }
        let fresh = try result.get()
        token = fresh
        return fresh.isEmpty ? nil : fresh
    }

    func forget(_ old: String?) {
        if token == old { token = nil }
    }
}
