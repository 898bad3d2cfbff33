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
                try write(key, acks, request, valueBytes: value.count) { operation throws(HTTPError) in
                    value.withUnsafeBytes { queuePut(operation, $0, expiry: 0) }
                    answer(.ok, acks, request)
                }
            case .delete(let key, let acks):
                try write(key, acks, request) { operation throws(HTTPError) in
                    queueDelete(operation)
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

    /// Runs `body` with the key's operation under the store's lock, on the leader of the key's shard only.
    private func write(
        _ key: [UInt8],
        _ acks: Int?,
        _ request: HTTPRequest,
        valueBytes: Int = 0,
        _ body: (KeyOperation) throws(HTTPError) -> Void
    ) throws(HTTPError) {
        let slot = key.withUnsafeBytes { KeySlot.slot(of: $0) }
        let state = loop.state
        if state.owns(slot), state.isAboutToLead { return waitAtTheDoor() }
        guard state.isLeader else { return try redirect(slot, request) }
        guard let store = state.store, let port = loop.port else { throw unavailable() }
        store.lock.lock()
        defer { store.lock.unlock() }
        switch door(slot, isWrite: true, store, port) {
        case .open: break
        case .wait: return waitAtTheDoor()
        case .elsewhere: return try redirect(slot, request)
        }
        switch store.admit(bytes: key.count + valueBytes + LogRecord.headerBytes, port: port) {
        case .admitted: break
        case .wait: return waitAtTheDoor()
        case .refused(let error): throw HTTPError(error)
        }
        switch try admits(acks, store, port) {
        case .admitted: break
        case .wait: return waitAtTheDoor()
        case .refused(let error): throw HTTPError(error)
        }
        loop.heat.note(slot)
        var failure: HTTPError?
        key.withUnsafeBytes { bytes in
            let operation = KeyOperation(
                slot: slot,
                key: bytes,
                hash: KeyHash.hash(bytes),
                now: passNow,
                store: store,
                port: port
            )
            do throws(HTTPError) { try body(operation) } catch { failure = error }
        }
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
        try write(key, acks, request, valueBytes: body.readableBytes) { operation throws(HTTPError) in
            if ifMatch != nil || ifNoneMatchAny {
                let version = try currentVersion(operation)
                if ifNoneMatchAny, version != nil { throw refuse(operation, "the key exists") }
                if let ifMatch, !ifMatch.isMet(by: version) { throw refuse(operation, "the version is another") }
            }
            body.withUnsafeReadableBytes { queuePut(operation, $0, expiry: expiry) }
            answer(.noContent(etag: operation.store.lastQueuedVersion), acks, request)
        }
    }

    private func kvDelete(
        _ key: [UInt8],
        _ ifMatch: HTTPCondition?,
        _ acks: Int?,
        _ request: HTTPRequest
    ) throws(HTTPError) {
        try write(key, acks, request) { operation throws(HTTPError) in
            let version = try currentVersion(operation)
            if let ifMatch, !ifMatch.isMet(by: version) { throw refuse(operation, "the version is another") }
            if version == nil {
                holdForWhatWasSeen(operation)
                return HTTPResponse.writeNotFoundEmpty(request.connection, into: &output)
            }
            queueDelete(operation)
            answer(.noContent(etag: nil), acks, request)
        }
    }

    private func currentVersion(_ operation: KeyOperation) throws(HTTPError) -> UInt64? {
        var version: UInt64?
        do throws(StorageError) {
            if let failure = takeFetchFailure() { throw failure }
            _ = try current(operation) { version = $0.version }
        } catch {
            if error.code == .cold { coldKey = Array(operation.key) }
            throw HTTPError(error)
        }
        return version
    }

    private func refuse(_ operation: KeyOperation, _ reason: String) -> HTTPError {
        holdForWhatWasSeen(operation)
        return HTTPError(412, "precondition_failed", reason)
    }

    /// Whether this leader serves the slot. Where the picture of the cluster is older than what the shard decides by, the
    /// next one is waited for. The store's lock is held.
    func door(_ slot: UInt16, isWrite: Bool, _ store: ShardStore, _ port: StorePort) -> SlotDoor {
        let owns = loop.state.owns(slot)
        guard store.isGated else { return owns ? .open : .elsewhere }
        let door = store.door(slot: slot, isWrite: isWrite, port: port)
        return door == .elsewhere && owns ? .wait : door
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
