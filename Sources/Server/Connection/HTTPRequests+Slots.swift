import Model
import Routing
import Storage

extension HTTPRequests {
    /// How long `/slots` waits for the applier, so that a busy node still answers in time: the counts are then that much
    /// behind, as those of the status are.
    private static let slotsPatience = 250

    /// `/slots`: of this node, whether it is the leader or not; on a thread of the pool.
    func slots(_ request: HTTPRequest) throws(HTTPError) {
        let state = connection.loop.state
        guard let store = state.store else { throw unavailable() }
        let heats = connection.loop.siblings.map(\.heat)
        OffLoopWork(connection).onPool({ () -> [UInt8] in
            store.flushApplied(patience: HTTPRequests.slotsPatience)
            var operations = [UInt64](repeating: 0, count: StorageLimits.slotCount)
            for heat in heats { heat.add(to: &operations) }
            let now = Clock.monotonicMilliseconds()
            return StatusJSON.encode(
                SlotsDocument(
                    cluster: state.config.name,
                    shard: state.shardName,
                    address: state.address.description,
                    role: state.role,
                    map: state.map,
                    counts: store.engine.counts(of: 0...UInt16(StorageLimits.slotCount - 1)),
                    operations: operations,
                    countedMilliseconds: heats.map { $0.age(now: now) }.min() ?? 0
                )
            )
        }) { connection, body in
            HTTPResponse.writeJSON(
                200,
                body,
                request.connection,
                headOnly: request.method == .head,
                into: &connection.output
            )
            if !request.keepAlive { connection.closeAfterReplies() }
        }
    }
}
