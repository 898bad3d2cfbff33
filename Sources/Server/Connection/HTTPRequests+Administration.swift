import Model
import NIOCore
import NIOPosix
import Routing
import Storage

/// HTTP routes that look at the whole node: they run on the thread pool while the connection waits.
extension HTTPRequests {
    func executeAdministration(_ endpoint: HTTPEndpoint, _ request: HTTPRequest) throws(HTTPError) {
        switch endpoint {
        case .health:
            HTTPResponse.writeText(
                200,
                "ok\n",
                request.connection,
                headOnly: request.method == .head,
                into: &connection.output
            )
        case .ready: try ready(request)
        case .slots: try slots(request)
        case .status: answerStatus(request) { $0.status() }
        case .reshard:
            HTTPResponse.writeJSON(
                200,
                StatusJSON.encode(connection.loop.state.resharding?.progress),
                request.connection,
                headOnly: request.method == .head,
                into: &connection.output
            )
        case .adminStart: change(request) { await $0.startShard() }
        case .adminStop: change(request) { await $0.stopShard() }
        case .adminSwitchover(let target): try switchOver(to: target, request)
        case .metrics:
            let control = connection.loop.control
            let metrics = connection.loop.metrics
            OffLoopWork(connection).onPool(
                usesStore: false,
                { (control.status(), metrics.totals(), control.storageMetrics()) }
            ) {
                connection,
                parts in
                HTTPResponse.writeText(
                    200,
                    MetricsText.render(parts.0, parts.1, parts.2),
                    request.connection,
                    isMetrics: true,
                    headOnly: request.method == .head,
                    into: &connection.output
                )
                if !request.keepAlive { connection.closeAfterReplies() }
            }
        case .slowLog:
            let document = SlowLogDocument(
                address: "\(connection.loop.state.address)",
                entries: connection.loop.metrics.slow.entries
            )
            HTTPResponse.writeJSON(
                200,
                StatusJSON.encode(document),
                request.connection,
                headOnly: request.method == .head,
                into: &connection.output
            )
        case .clean: try clean(request)
        case .nextReplicationKey: nextReplicationKey(request)
        case .deleteNextReplicationKey(let key, let value): takeReplicationKey(key, value, request)
        case .kvList(let prefix, let limit, let cursor): try list(prefix, limit, cursor, request)
        default: throw HTTPError(404, "not_found", "there is nothing at this path")
        }
    }

    private func answer<T: Sendable>(
        _ request: HTTPRequest,
        _ work: @escaping @Sendable () -> T,
        _ finish: @escaping (ConnectionHandler, T) -> Void
    ) {
        OffLoopWork(connection).onPool(work) { connection, value in
            finish(connection, value)
            if !request.keepAlive { connection.closeAfterReplies() }
        }
    }

    private func answerStatus(_ request: HTTPRequest, _ work: @escaping @Sendable (any NodeControl) -> NodeStatus) {
        let control = connection.loop.control
        OffLoopWork(connection).onPool(usesStore: false, { work(control) }) { connection, status in
            HTTPResponse.writeJSON(
                200,
                StatusJSON.encode(status),
                request.connection,
                headOnly: request.method == .head,
                into: &connection.output
            )
            if !request.keepAlive { connection.closeAfterReplies() }
        }
    }

    /// Starts or stops the shard, on the node's own thread.
    private func change(_ request: HTTPRequest, _ work: @escaping @Sendable (any NodeControl) async -> NodeStatus) {
        let control = connection.loop.control
        OffLoopWork(connection).asTask(usesStore: false, { await work(control) }) { connection, status in
            HTTPResponse.writeJSON(200, StatusJSON.encode(status), request.connection, into: &connection.output)
            if !request.keepAlive { connection.closeAfterReplies() }
        }
    }

    private func switchOver(to target: String?, _ request: HTTPRequest) throws(HTTPError) {
        let state = connection.loop.state
        guard state.store != nil else { throw unavailable() }
        guard state.isLeader else {
            guard let index = state.shardIndex else { throw unavailable() }
            return try redirect(toLeaderOf: index, request)
        }
        let control = connection.loop.control
        OffLoopWork(connection).asTask({ await control.switchOver(to: target) }) { connection, failure in
            if let failure {
                let error = HTTPError(409, "no_switchover", failure)
                HTTPResponse.writeError(error, request.connection, into: &connection.output)
            } else {
                HTTPResponse.writeOK(request.connection, into: &connection.output)
            }
            if !request.keepAlive { connection.closeAfterReplies() }
        }
    }

    private func ready(_ request: HTTPRequest) throws(HTTPError) {
        let state = connection.loop.state
        guard state.phase == .running, let store = state.store else { throw unavailable() }
        if let failure = store.failed {
            let message = "shard \(state.shardName) has failed on this node: \(failure.message)"
            throw HTTPError(503, "shard_failed", message, retryAfterSeconds: 1)
        }
        if let reason = connection.loop.control.health.reasons.first(where: { $0.severity == .down }) {
            throw HTTPError(503, reason.code.rawValue, reason.text, retryAfterSeconds: 1)
        }
        HTTPResponse.writeText(
            200,
            "ready\n",
            request.connection,
            headOnly: request.method == .head,
            into: &connection.output
        )
    }

    /// Deletes what this shard doesn't own, through the leader's log; replicas follow it.
    private func clean(_ request: HTTPRequest) throws(HTTPError) {
        let state = connection.loop.state
        guard let store = state.store, let port = connection.loop.port else { throw unavailable() }
        guard state.isLeader, let index = state.shardIndex else {
            if let index = state.shardIndex { return try redirect(toLeaderOf: index, request) }
            throw HTTPError(
                409,
                "not_in_map",
                "shard \(state.shardName) is not part of the cluster's map: cleaning would delete all its keys"
            )
        }
        let owned = state.map.ranges(ofShard: index)
        let control = connection.loop.control
        let pool = connection.loop.threadPool
        OffLoopWork(connection).asTask({ () async -> Result<UInt64, HTTPError> in
            let foreign = SlotMap.complement(of: owned)
            if let reason = await control.reasonNotToClean(foreign) {
                return .failure(HTTPError(409, "unsafe_to_clean", reason))
            }
            if let resharding = state.resharding {
                return switch await resharding.clean(foreign) {
                case .removed(let keys): .success(keys)
                case .refused(let reason): .failure(HTTPError(409, "unsafe_to_clean", reason))
                case .failed(let error):
                    .failure(HTTPError(503, "clean_failed", error.message, retryAfterSeconds: 1))
                }
            }
            do {
                return .success(try await pool.runIfActive { try store.clear(foreign, port: port) })
            } catch {
                let reason = (error as? StorageError)?.message ?? "\(error)"
                return .failure(HTTPError(503, "clean_failed", reason, retryAfterSeconds: 1))
            }
        }) { connection, result in
            switch result {
            case .success(let removed):
                HTTPResponse.writeJSON(
                    200,
                    "{\"removed\": \(removed)}\n".utf8,
                    request.connection,
                    into: &connection.output
                )
            case .failure(let error): self.writeError(error, request)
            }
            if !request.keepAlive { connection.closeAfterReplies() }
        }
    }

    private func nextReplicationKey(_ request: HTTPRequest) {
        let control = connection.loop.control
        answer(
            request,
            { () -> Result<ReplicationRecord?, StorageError> in
                do throws(StorageError) { return .success(try control.nextReplicationRecord()) } catch {
                    return .failure(error)
                }
            }
        ) { connection, result in
            switch result {
            case .success(.some(let record)):
                var body = ByteBuffer()
                JSONText.writeReplicationRecord(
                    key: record.key,
                    value: record.value,
                    position: "\(record.position)",
                    into: &body
                )
                HTTPResponse.writeJSON(200, body.readableBytesView, request.connection, into: &connection.output)
            case .success(.none): HTTPResponse.writeNoContent(request.connection, into: &connection.output)
            case .failure(let error): self.writeError(HTTPError(error), request)
            }
        }
    }

    private func takeReplicationKey(_ key: [UInt8], _ value: [UInt8]?, _ request: HTTPRequest) {
        let control = connection.loop.control
        answer(
            request,
            { () -> Result<String?, StorageError> in
                do throws(StorageError) {
                    return .success(try control.takeReplicationRecord(key: key, value: value))
                } catch {
                    return .failure(error)
                }
            }
        ) { connection, result in
            switch result {
            case .success(.none): HTTPResponse.writeOK(request.connection, into: &connection.output)
            case .success(.some(let reason)):
                self.writeError(HTTPError(409, "not_the_next_record", reason), request)
            case .failure(let error): self.writeError(HTTPError(error), request)
            }
        }
    }

    private func list(
        _ prefix: [UInt8],
        _ limit: Int,
        _ cursor: [UInt8]?,
        _ request: HTTPRequest
    ) throws(HTTPError) {
        let state = connection.loop.state
        guard let store = state.store else { throw unavailable() }
        guard state.isLeader else {
            if let index = state.shardIndex { return try redirect(toLeaderOf: index, request) }
            throw unavailable()
        }
        let now = connection.passNow
        answer(request, { KeyListing.page(store, state, prefix: prefix, limit: limit, after: cursor, now: now) }) {
            connection,
            result in
            switch result {
            case .success(let page):
                var body = ByteBuffer()
                JSONText.writeListing(keys: page.keys, hasMore: page.hasMore, into: &body)
                HTTPResponse.writeJSON(
                    200,
                    body.readableBytesView,
                    request.connection,
                    headOnly: request.method == .head,
                    into: &connection.output
                )
            case .failure(let error): self.writeError(HTTPError(error), request)
            }
        }
    }
}
