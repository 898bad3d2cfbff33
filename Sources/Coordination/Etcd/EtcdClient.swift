import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Routing
import Synchronization

/// Requests to etcd's gateway: endpoints in turn, each try bounded, the token renewed when etcd forgot it.
final class EtcdClient: Sendable {
    /// Each has connections of its own, so that no request waits behind one that hangs.
    enum Lane: Int, CaseIterable {
        case requests, renewals, watches
    }

    /// A try at one endpoint is given up after no less than this.
    private static let tryMin: Duration = .milliseconds(200)
    /// A connection, TLS included, that takes longer is of no use to leases of seconds.
    private static let connectMax: TimeAmount = .milliseconds(500)
    /// A watch that says nothing for so long is asked for anew, at the next endpoint: a stopped member, or one cut off,
    /// says nothing either.
    private static let watchSilenceMax: TimeAmount = .seconds(2)

    let settings: EtcdSettings
    let place: String
    private let clients: [HTTPClient]
    private let authority: EtcdAuthority
    /// The endpoint that answered last.
    private let preferred = Mutex(0)

    init(settings: EtcdSettings) throws(CoordinationError) {
        self.settings = settings
        place = settings.endpoints.map(\.description).joined(separator: ", ")
        let tls = try settings.tls()
        clients = Lane.allCases.map { lane in
            var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
            configuration.timeout.connect = Self.connectMax
            configuration.timeout.read = lane == .watches ? Self.watchSilenceMax : nil
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = lane == .watches ? 64 : 8
            configuration.httpVersion = .http1Only
            configuration.redirectConfiguration = .disallow
            return HTTPClient(eventLoopGroup: CoordinationLoop.group, configuration: configuration)
        }
        authority = EtcdAuthority(user: settings.user, password: settings.password)
    }

    func close() async {
        for client in clients {
            // Already shut down is all that it could say.
            try? await client.shutdown()
        }
    }

    /// The endpoint to ask first, and how to move on from one that failed.
    var endpoint: Int { preferred.withLock { $0 } }

    func moveOn(from failed: Int) {
        preferred.withLock { if $0 == failed { $0 = (failed + 1) % settings.endpoints.count } }
    }

    // MARK: Requests

    /// Sends a request to the preferred endpoint and, while nothing can have been done, to the others.
    /// - Parameter isRepeatable: doing it twice is as good as once, so another endpoint may be tried after silence.
    func send<Request: Encodable & Sendable, Response: Decodable & Sendable>(
        _ path: String,
        _ request: Request,
        _ response: Response.Type,
        lane: Lane = .requests,
        isRepeatable: Bool,
        timeout: Duration
    ) async throws(EtcdFailure) -> Response {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        // One endpoint gets a second chance: a connection that was closed while idle fails once.
        let tries = max(2, settings.endpoints.count)
        var last = EtcdFailure.notSent("no time left")
        for _ in 0..<tries {
            guard NIODeadline.now() < deadline, !Task.isCancelled else { break }
            let share = isRepeatable ? max(Self.tryMin, timeout / tries) : timeout
            let index = endpoint
            do throws(EtcdFailure) {
                let until = min(deadline, NIODeadline.now() + TimeAmount(share))
                return try await send(path, request, response, lane: lane, endpoint: index, deadline: until)
            } catch {
                last = error
            }
            guard last.isWorthAnother else { throw last }
            moveOn(from: index)
            guard isRepeatable || !last.isUncertain else { throw last }
        }
        throw Task.isCancelled ? .cancelled : last
    }

    /// Sends a request to one endpoint, once; again only with a new token, when the old one was refused.
    func send<Request: Encodable & Sendable, Response: Decodable & Sendable>(
        _ path: String,
        _ request: Request,
        _ response: Response.Type,
        lane: Lane,
        endpoint: Int,
        deadline: NIODeadline
    ) async throws(EtcdFailure) -> Response {
        let token = try await token(replacing: nil, endpoint, deadline)
        do throws(EtcdFailure) {
            return try await exchange(path, request, response, lane, endpoint, token, deadline)
        } catch {
            guard error.isStaleToken, authority.isNeeded else { throw error }
        }
        let newToken = try await self.token(replacing: token ?? "", endpoint, deadline)
        return try await exchange(path, request, response, lane, endpoint, newToken, deadline)
    }

    private func exchange<Request: Encodable & Sendable, Response: Decodable & Sendable>(
        _ path: String,
        _ request: Request,
        _ response: Response.Type,
        _ lane: Lane,
        _ endpoint: Int,
        _ token: String?,
        _ deadline: NIODeadline
    ) async throws(EtcdFailure) -> Response {
        let answer = try await start(path, request, lane, endpoint, token, deadline)
        do {
            let body = try await answer.body.collect(upTo: CoordinationLimits.answerBytesMax)
            return try JSONDecoder().decode(response, from: Data(body.readableBytesView))
        } catch {
            throw EtcdFailure(error)
        }
    }

    /// Sends a request and returns the answer's head, its body unread.
    private func start(
        _ path: String,
        _ request: some Encodable,
        _ lane: Lane,
        _ endpoint: Int,
        _ token: String?,
        _ deadline: NIODeadline
    ) async throws(EtcdFailure) -> HTTPClientResponse {
        do {
            var message = HTTPClientRequest(url: "\(settings.endpoints[endpoint])\(path)")
            message.method = .POST
            message.headers.add(name: "Content-Type", value: "application/json")
            if let token { message.headers.add(name: "Authorization", value: token) }
            // A member without a leader ends watches instead of keeping silent.
            if lane == .watches { message.headers.add(name: "Grpc-Metadata-hasleader", value: "true") }
            message.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(request)))
            let answer = try await clients[lane.rawValue].execute(message, deadline: deadline)
            guard answer.status != .ok else { return answer }
            let body = try await answer.body.collect(upTo: CoordinationLimits.answerBytesMax)
            let refusal = try? JSONDecoder().decode(Etcd.Refusal.self, from: Data(body.readableBytesView))
            let text = refusal?.message ?? refusal?.error ?? "\(answer.status)"
            // Without a code it is not etcd that answers: what became of the request is anyone's guess.
            throw EtcdFailure.refused(code: refusal?.code ?? 2, message: text)
        } catch {
            throw EtcdFailure(error)
        }
    }

    /// The lines of a stream; `watchSilenceMax` bounds the wait for each.
    func stream(
        _ path: String,
        _ request: some Encodable,
        endpoint: Int,
        deadline: NIODeadline
    ) async throws(EtcdFailure) -> EtcdLines {
        let token = try await token(replacing: nil, endpoint, deadline)
        do throws(EtcdFailure) {
            return EtcdLines(try await start(path, request, .watches, endpoint, token, .distantFuture).body)
        } catch {
            // The next attempt asks for a new one.
            if error.isStaleToken { await authority.forget(token ?? "") }
            throw error
        }
    }

    // MARK: The token

    private func token(
        replacing old: String?,
        _ endpoint: Int,
        _ deadline: NIODeadline
    ) async throws(EtcdFailure) -> String? {
        guard authority.isNeeded else { return nil }
        return try await authority.token(replacing: old) { credentials in
            do throws(EtcdFailure) {
                let path = "/v3/auth/authenticate"
                let answer = try await self.exchange(
                    path,
                    credentials,
                    Etcd.Token.self,
                    .requests,
                    endpoint,
                    nil,
                    deadline
                )
                return .success(answer.token)
            } catch {
                // Nothing of what is to be asked has been sent.
                if case .noAnswer(let text) = error { return .failure(.notSent("no token: \(text)")) }
                // An etcd that asks for none is content with none.
                if case .refused(_, let text) = error, text.contains("authentication is not enabled") {
                    return .success("")
                }
                return .failure(error)
            }
        }
    }
}
