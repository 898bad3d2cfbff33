import FoundationEssentials
import NIOCore
import Routing
import Synchronization

/// `CoordinatorBackend` on etcd 3.4 or later, through its v3 JSON gateway. Sessions are etcd's leases.
///
/// `close` must be called before it goes away.
package final class EtcdBackend: CoordinatorBackend {
    let client: EtcdClient
    private let prefix: [UInt8]
    /// By endpoint: the term in which a quorum's answer last came through it (`renewSession`).
    let confirmedTerms = Mutex<[Int: UInt64]>([:])
    /// The newest revision that an answer came from.
    private let newest = Mutex<UInt64>(0)
    private let followers = Mutex<[Task<Void, Never>]?>([])

    /// - Parameters:
    ///   - cluster: its keys are below `/shoal/<cluster>/`.
    ///   - settings: see `EtcdSettings`; nothing is sent yet.
    /// - Throws: `.badConfiguration` for files that can't be read.
    package init(cluster: String, settings: EtcdSettings) throws(CoordinationError) {
        client = try EtcdClient(settings: settings)
        prefix = Array("/shoal/\(cluster)/".utf8)
    }

    package var kind: CoordinatorKind { .etcd }
    package var place: String { client.place }

    func checkOpen() throws(CoordinationError) {
        guard followers.withLock({ $0 == nil }) else { return }
        throw CoordinationError(.closed, "etcd at \(place): the coordinator was closed")
    }

    /// What the next answer must be of at least.
    var newestRevision: UInt64 { newest.withLock { $0 } }

    func note(_ header: Etcd.Header?) -> UInt64 {
        let revision = header?.revision?.value ?? 0
        newest.withLock { $0 = max($0, revision) }
        return revision
    }

    // MARK: Keys

    func name(_ key: String) -> Data { Data(prefix + Array(key.utf8)) }

    /// The first key behind all that begin with `key`. No prefix of ours ends in 0xFF.
    func end(_ key: String) -> Data {
        var bytes = prefix + Array(key.utf8)
        bytes[bytes.count - 1] += 1
        return Data(bytes)
    }

    /// - Parameter session: what is known to be so if etcd doesn't say.
    func entry(_ found: Etcd.KeyValue) -> CoordinatorEntry {
        let lease = found.lease?.value ?? 0
        return CoordinatorEntry(
            key: key(found),
            value: Array(found.value ?? Data()),
            revision: found.mod_revision?.value ?? 0,
            session: lease == 0 ? nil : RandomID.text(lease)
        )
    }

    func key(_ found: Etcd.KeyValue) -> String {
        String(decoding: found.key.dropFirst(prefix.count), as: UTF8.self)
    }

    // MARK: Reading

    package func read(
        _ prefix: String,
        isExact: Bool,
        timeout: Duration
    ) async throws(CoordinationError) -> CoordinatorRange {
        try checkOpen()
        let request = Etcd.RangeRequest(key: name(prefix), range_end: isExact ? nil : end(prefix))
        do throws(EtcdFailure) {
            let answer = try await client.send(
                "/v3/kv/range",
                request,
                Etcd.RangeResponse.self,
                isRepeatable: true,
                timeout: timeout
            )
            return range(answer)
        } catch {
            throw CoordinationError(error, place: place, what: "reading \(prefix)", isChange: false)
        }
    }

    func range(_ answer: Etcd.RangeResponse) -> CoordinatorRange {
        CoordinatorRange(
            entries: (answer.kvs ?? []).map { entry($0) }.sorted { $0.key < $1.key },
            revision: note(answer.header)
        )
    }

    // MARK: Changing

    package func transact(
        _ compares: [CoordinatorCompare],
        _ operations: [CoordinatorOperation],
        reading: [String],
        timeout: Duration
    ) async throws(CoordinationError) -> CoordinatorOutcome {
        try checkOpen()
        try CoordinationLimits.check(compares, operations, reading)
        let looks = reading.map { Etcd.RequestOperation(request_range: Etcd.RangeRequest(key: name($0))) }
        let compared = Set(compares.map(\.key)).subtracting(reading).sorted()
        let request = Etcd.TransactionRequest(
            compare: compares.map { compare($0) },
            success: looks + operations.map { operation($0) },
            failure: looks
                + compared.map { Etcd.RequestOperation(request_range: Etcd.RangeRequest(key: name($0))) }
        )
        let what = operations.first.map { "writing \($0.key)" } ?? "reading"
        let answer: Etcd.TransactionResponse
        do throws(EtcdFailure) {
            answer = try await client.send(
                "/v3/kv/txn",
                request,
                Etcd.TransactionResponse.self,
                isRepeatable: operations.isEmpty,
                timeout: timeout
            )
        } catch {
            throw CoordinationError(error, place: place, what: what, isChange: !operations.isEmpty)
        }
        var found: [String: CoordinatorEntry] = [:]
        for range in (answer.responses ?? []).compactMap(\.response_range) {
            for value in range.kvs ?? [] { found[key(value)] = entry(value) }
        }
        let revision = note(answer.header)
        return answer.succeeded ?? false
            ? .committed(revision: revision, read: found) : .conflict(revision: revision, current: found)
    }

    private func compare(_ compare: CoordinatorCompare) -> Etcd.Compare {
        let key = name(compare.key)
        return switch compare {
        case .revision(_, let revision):
            Etcd.Compare(key: key, target: "MOD", result: "EQUAL", mod_revision: Etcd.Number(revision))
        case .present: Etcd.Compare(key: key, target: "CREATE", result: "GREATER", create_revision: 0)
        case .absent: Etcd.Compare(key: key, target: "CREATE", result: "EQUAL", create_revision: 0)
        }
    }

    private func operation(_ operation: CoordinatorOperation) -> Etcd.RequestOperation {
        switch operation {
        case .put(let key, let value, let session):
            let lease = session.map { Etcd.Number(Self.lease($0)) }
            return Etcd.RequestOperation(
                request_put: Etcd.PutRequest(key: name(key), value: Data(value), lease: lease)
            )
        case .delete(let key):
            return Etcd.RequestOperation(request_delete_range: Etcd.DeleteRequest(key: name(key)))
        }
    }

    /// A session's lease. An id that is none of ours names a lease that nobody has: sessions of `local`, say.
    static func lease(_ session: String) -> UInt64 { UInt64(session, radix: 16) ?? UInt64(Int64.max) }

    // MARK: Watching

    package func watch(_ prefix: String) -> CoordinatorWatch {
        let watch = CoordinatorWatch(prefix: prefix)
        let follower = EtcdFollower(backend: self, watch: watch)
        let task = followers.withLock { tasks -> Task<Void, Never>? in
            guard tasks != nil else { return nil }
            let task = Task(executorPreference: CoordinationExecutor.shared) { await follower.run() }
            tasks?.removeAll { $0.isCancelled }
            tasks?.append(task)
            return task
        }
        guard let task else {
            watch.cancel()
            return watch
        }
        watch.onEnd { task.cancel() }
        return watch
    }

    package func close() async {
        let tasks = followers.withLock { tasks in
            defer { tasks = nil }
            return tasks
        }
        guard let tasks else { return }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        await client.close()
    }
}
