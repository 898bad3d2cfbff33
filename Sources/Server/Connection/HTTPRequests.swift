import Model
import NIOCore
import Routing
import Storage

/// HTTP of one connection: its requests are decoded, executed and answered in order, as commands of RESP are. On the
/// connection's loop.
final class HTTPRequests {
    /// It owns this, and lives longer.
    unowned(unsafe) let connection: ConnectionHandler
    private var parser = HTTPRequestParser()
    /// A request that is read but has to wait for room in the store, or for its key.
    private(set) var waitingRequest: HTTPRequest?
    /// The key that the request at hand must have fetched before it can be answered.
    var coldKey: [UInt8]?

    init(_ connection: ConnectionHandler) { self.connection = connection }

    /// Executes as much of the connection's input as can be executed now.
    func process() {
        let store = connection.loop.state.store
        while connection.goesOn {
            do throws(HTTPError) {
                var request: HTTPRequest
                if let waiting = waitingRequest {
                    request = waiting
                    waitingRequest = nil
                } else {
                    guard let next = try parser.next(&connection.input) else {
                        if parser.wantsContinue {
                            parser.wantsContinue = false
                            HTTPResponse.writeContinue(into: &connection.output)
                        }
                        break
                    }
                    request = next
                }
                if connection.loop.isEnding || connection.place != .client { request.connection = .close }
                execute(request, store)
                if let key = coldKey, let store {
                    coldKey = nil
                    waitingRequest = request
                    KeyFetch.begin([key], from: store, for: connection)
                    break
                }
                if connection.isBlocked {
                    let words = [Array("HTTP".utf8), Array(request.text(request.path).utf8)]
                    connection.blocking = (connection.passStart, words)
                }
                if connection.waitsForRoom { waitingRequest = request } else { afterReply(request) }
            } catch {
                HTTPResponse.writeError(error, .close, into: &connection.output)
                connection.loop.counters.errors.add(1)
                connection.isClosing = true
            }
        }
        if connection.input.readableBytes == 0 { connection.input.clear() }
        if store?.lock.withLock({ store?.needsCommit ?? false }) ?? false { connection.loop.scheduleCommit() }
    }

    private func afterReply(_ request: HTTPRequest) {
        if !connection.isBlocked { connection.queue.countReply() }
        if !request.keepAlive { connection.isClosing = true }
    }

    private func execute(_ request: HTTPRequest, _ store: ShardStore?) {
        connection.loop.counters.commands.add(1)
        do throws(HTTPError) {
            if let refusal = connection.loop.origins.refusal(request) { throw refusal }
            let endpoint = try HTTPEndpoint.route(request)
            if connection.place != .client, !endpoint.isAboutHealth {
                connection.loop.noteRefusal(of: connection.remoteAddress)
                throw HTTPError(
                    503,
                    "too_many_connections",
                    "all \(connection.loop.room.clientsMax) connections that this node takes are open",
                    retryAfterSeconds: 1
                )
            }
            switch endpoint {
            case .put(let key, let value, let acks):
                try write(key, acks, request, valueBytes: value.count) { session throws(HTTPError) in
                    value.withUnsafeBytes { session.put($0, expiry: 0) }
                    answer(.ok, acks, request)
                }
            case .delete(let key, let acks):
                try write(key, acks, request) { session throws(HTTPError) in
                    session.delete()
                    answer(.ok, acks, request)
                }
            case .get(let key, let isAny, let maxLag): try get(key, isAny, maxLag, request)
            case .kvGet(let key, _): try kvGet(key, request)
            case .kvPut(let key, let ifMatch, let ifNoneMatchAny, let ttl, let acks, let body):
                try kvPut(key, ifMatch, ifNoneMatchAny, ttl, acks, body, request)
            case .kvDelete(let key, let ifMatch, let acks): try kvDelete(key, ifMatch, acks, request)
            default: try executeAdministration(endpoint, request)
            }
        } catch {
            if coldKey == nil { writeError(error, request) }
        }
    }

    func writeError(_ error: HTTPError, _ request: HTTPRequest) {
        connection.loop.counters.errors.add(1)
        HTTPResponse.writeError(error, request.connection, headOnly: request.method == .head, into: &connection.output)
    }

    /// What was held was not committed: the first request is told and the connection ends, which says the same of those
    /// after it.
    func fail(_ error: StorageError) {
        HTTPResponse.writeError(HTTPError(error), .close, into: &connection.output)
        connection.loop.counters.errors.add(1)
        connection.isClosing = true
        // A request that waited to begin elsewhere is one of those after it.
        connection.deferred = nil
        connection.isBlocked = false
    }

    /// Runs `body` with the key's session under the store's lock, if this node may write it.
    private func write(
        _ key: [UInt8],
        _ acks: Int?,
        _ request: HTTPRequest,
        valueBytes: Int = 0,
        _ body: (inout ShardSession) throws(HTTPError) -> Void
    ) throws(HTTPError) {
        let slot = key.withUnsafeBytes { KeySlot.slot(of: $0) }
        guard var session = connection.makeSession(isLocked: true) else { return try answerWithoutShard(slot, request) }
        let store = session.store
        let node = Admission.NodeView(connection.loop.state, connection.loop.control)
        store.lock.lock()
        defer { store.lock.unlock() }
        let decision = Admission(slot, .write, node, store, session.port).decide(.write)
        guard decision == .serve else { return try answer(decision, slot, request) }
        switch store.admit(bytes: key.count + valueBytes + LogRecord.headerBytes, port: session.port) {
        case .admitted: break
        case .wait: return connection.park()
        case .refused(let error): throw HTTPError(error)
        }
        switch try admits(acks, store, session.port) {
        case .admitted: break
        case .wait: return connection.park()
        case .refused(let error): throw HTTPError(error)
        }
        connection.loop.heat.note(slot)
        let start = connection.output.writerIndex
        var failure: HTTPError?
        key.withUnsafeBytes { bytes in
            session.key = ShardKey(bytes, slot: slot)
            do throws(HTTPError) { try body(&session) } catch { failure = error }
        }
        connection.settle(&session.effects, replyAt: start)
        if let failure { throw failure }
    }

    private func kvPut(
        _ key: [UInt8],
        _ ifMatch: HTTPCondition?,
        _ ifNoneMatchAny: Bool,
        _ ttl: Int?,
        _ acks: Int?,
        _ body: ByteBuffer,
        _ request: HTTPRequest
    ) throws(HTTPError) {
        let expiry = ttl.map { connection.passNow + UInt64($0) * 1000 } ?? 0
        try write(key, acks, request, valueBytes: body.readableBytes) { session throws(HTTPError) in
            if ifMatch != nil || ifNoneMatchAny {
                let version = try currentVersion(&session)
                if ifNoneMatchAny, version != nil { throw refuse(&session, "the key exists") }
                if let ifMatch, !ifMatch.isMet(by: version) { throw refuse(&session, "the version is another") }
            }
            body.withUnsafeReadableBytes { session.put($0, expiry: expiry) }
            answer(.noContent(etag: session.store.lastQueuedVersion), acks, request)
        }
    }

    private func kvDelete(
        _ key: [UInt8],
        _ ifMatch: HTTPCondition?,
        _ acks: Int?,
        _ request: HTTPRequest
    ) throws(HTTPError) {
        try write(key, acks, request) { session throws(HTTPError) in
            let version = try currentVersion(&session)
            if let ifMatch, !ifMatch.isMet(by: version) { throw refuse(&session, "the version is another") }
            if version == nil {
                session.awaitWhatWasSeen()
                return HTTPResponse.writeNotFoundEmpty(request.connection, into: &connection.output)
            }
            session.delete()
            answer(.noContent(etag: nil), acks, request)
        }
    }

    private func currentVersion(_ session: inout ShardSession) throws(HTTPError) -> UInt64? {
        var version: UInt64?
        do throws(StorageError) {
            if let failure = KeyFetch.takeFailure(of: connection) { throw failure }
            _ = try session.current { version = $0.version }
        } catch {
            if error.code == .cold { coldKey = Array(session.key.bytes) }
            throw HTTPError(error)
        }
        return version
    }

    private func refuse(_ session: inout ShardSession, _ reason: String) -> HTTPError {
        session.awaitWhatWasSeen()
        return HTTPError(412, "precondition_failed", reason)
    }

    /// Answers a request on a key that is not served here now. What a replica can't answer, its leader can.
    /// - Parameter isAny: any replica of the shard will do.
    func answer(
        _ decision: Admission.Decision,
        _ slot: UInt16,
        _ request: HTTPRequest,
        isAny: Bool = false
    ) throws(HTTPError) {
        switch decision {
        case .serve: break
        case .park: connection.park()
        case .noLeader: throw noLeader(connection.loop.state.map.owner(of: slot))
        case .redirect where isAny && !connection.loop.state.owns(slot): try redirectToReplica(slot, request)
        case .redirect, .refuse: try redirect(slot, request)
        }
    }

    /// The shard is not open here.
    func answerWithoutShard(_ slot: UInt16, _ request: HTTPRequest, isAny: Bool = false) throws(HTTPError) {
        let state = connection.loop.state
        if state.owns(slot), state.isAboutToLead { return connection.park() }
        if state.isLeader { throw unavailable() }
        try answer(.redirect, slot, request, isAny: isAny)
    }

    func redirect(_ slot: UInt16, _ request: HTTPRequest) throws(HTTPError) {
        try redirect(toLeaderOf: connection.loop.state.map.owner(of: slot), request)
    }

    /// - Parameter shard: by the map's index.
    func redirect(toLeaderOf shard: UInt16, _ request: HTTPRequest) throws(HTTPError) {
        guard let leader = connection.loop.state.leader(ofShard: shard) else { throw noLeader(shard) }
        HTTPResponse.writeRedirect(to: "\(leader)", request, into: &connection.output)
    }

    func noLeader(_ shard: UInt16) -> HTTPError {
        let name = connection.loop.state.map.shardNames[Int(shard)]
        return HTTPError(503, "no_leader", "shard \(name) has no leader now; try again", retryAfterSeconds: 1)
    }

    func unavailable() -> HTTPError {
        let state = connection.loop.state
        let reason = state.message.isEmpty ? "" : ": \(state.message)"
        return HTTPError(
            503,
            "shard_unavailable",
            "shard \(state.shardName) is \(state.phase.rawValue) on this node\(reason)",
            retryAfterSeconds: 1
        )
    }
}
