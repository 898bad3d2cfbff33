import NIOCore
import Routing
import Storage

/// HTTP on the data path: decoded, executed and answered like RESP, one request after the other.
extension ConnectionHandler {
    func processHTTP() {
        let store = loop.state.store
        while !isBlocked, !waitsForRoom, !isClosing, output.readableBytes < ConnectionHandler.outputBytesMax {
            do throws(HTTPError) {
                var request: HTTPRequest
                if let waiting = waitingRequest {
                    request = waiting
                    waitingRequest = nil
                } else {
                    guard let next = try http.next(&input) else {
                        if http.wantsContinue {
                            http.wantsContinue = false
                            HTTPResponse.writeContinue(into: &output)
                        }
                        break
                    }
                    request = next
                }
                if loop.isEnding { request.connection = .close }
                execute(request, store)
                if let key = coldKey, let store {
                    coldKey = nil
                    waitingRequest = request
                    fetch([key], from: store)
                    break
                }
                if isBlocked { blocking = (passStart, [Array("HTTP".utf8), Array(request.text(request.path).utf8)]) }
                if waitsForRoom { waitingRequest = request } else { afterReply(request) }
            } catch {
                HTTPResponse.writeError(error, .close, into: &output)
                loop.counters.errors.add(1)
                isClosing = true
            }
        }
        if input.readableBytes == 0 { input.clear() }
        if store?.lock.withLock({ store?.needsCommit ?? false }) ?? false { loop.scheduleCommit() }
    }

    private func afterReply(_ request: HTTPRequest) {
        if !isBlocked { countReply() }
        if !request.keepAlive { isClosing = true }
    }

    private func execute(_ request: HTTPRequest, _ store: ShardStore?) {
        loop.counters.commands.add(1)
        do throws(HTTPError) {
            if let refusal = loop.origins.refusal(request) { throw refusal }
            let endpoint = try HTTPEndpoint.route(request)
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
            if coldKey == nil { writeHTTPError(error, request) }
        }
    }

    func writeHTTPError(_ error: HTTPError, _ request: HTTPRequest) {
        loop.counters.errors.add(1)
        HTTPResponse.writeError(error, request.connection, headOnly: request.method == .head, into: &output)
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
        guard var session = makeSession(isLocked: true) else { return try answerWithoutShard(slot, request) }
        let store = session.store
        let node = Admission.NodeView(loop.state, loop.control)
        store.lock.lock()
        defer { store.lock.unlock() }
        let decision = Admission(slot, .write, node, store, session.port).decide(.write)
        guard decision == .serve else { return try answer(decision, slot, request) }
        switch store.admit(bytes: key.count + valueBytes + LogRecord.headerBytes, port: session.port) {
        case .admitted: break
        case .wait: return park()
        case .refused(let error): throw HTTPError(error)
        }
        switch try admits(acks, store, session.port) {
        case .admitted: break
        case .wait: return park()
        case .refused(let error): throw HTTPError(error)
        }
        loop.heat.note(slot)
        let start = output.writerIndex
        var failure: HTTPError?
        key.withUnsafeBytes { bytes in
            session.key = ShardKey(bytes, slot: slot)
            do throws(HTTPError) { try body(&session) } catch { failure = error }
        }
        settle(&session.effects, replyAt: start)
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
        let expiry = ttl.map { passNow + UInt64($0) * 1000 } ?? 0
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
                return HTTPResponse.writeNotFoundEmpty(request.connection, into: &output)
            }
            session.delete()
            answer(.noContent(etag: nil), acks, request)
        }
    }

    private func currentVersion(_ session: inout ShardSession) throws(HTTPError) -> UInt64? {
        var version: UInt64?
        do throws(StorageError) {
            if let failure = takeFetchFailure() { throw failure }
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
        case .park: park()
        case .noLeader: throw noLeader(loop.state.map.owner(of: slot))
        case .redirect where isAny && !loop.state.owns(slot): try redirectToReplica(slot, request)
        case .redirect, .refuse: try redirect(slot, request)
        }
    }

    /// The shard is not open here.
    func answerWithoutShard(_ slot: UInt16, _ request: HTTPRequest, isAny: Bool = false) throws(HTTPError) {
        let state = loop.state
        if state.owns(slot), state.isAboutToLead { return park() }
        if state.isLeader { throw unavailable() }
        try answer(.redirect, slot, request, isAny: isAny)
    }

    func redirect(_ slot: UInt16, _ request: HTTPRequest) throws(HTTPError) {
        try redirect(toLeaderOf: loop.state.map.owner(of: slot), request)
    }

    /// - Parameter shard: by the map's index.
    func redirect(toLeaderOf shard: UInt16, _ request: HTTPRequest) throws(HTTPError) {
        guard let leader = loop.state.leader(ofShard: shard) else { throw noLeader(shard) }
        HTTPResponse.writeRedirect(to: "\(leader)", request, into: &output)
    }

    func noLeader(_ shard: UInt16) -> HTTPError {
        let name = loop.state.map.shardNames[Int(shard)]
        return HTTPError(503, "no_leader", "shard \(name) has no leader now; try again", retryAfterSeconds: 1)
    }

    func unavailable() -> HTTPError {
        let state = loop.state
        let reason = state.message.isEmpty ? "" : ": \(state.message)"
        return HTTPError(
            503,
            "shard_unavailable",
            "shard \(state.shardName) is \(state.phase.rawValue) on this node\(reason)",
            retryAfterSeconds: 1
        )
    }
}
