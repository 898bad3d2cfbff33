import Logging
import Model
import Replication
import Server
import Synchronization

/// What a node does so that slots can come and go while it leads.
extension Node {
    /// From leadership's thread.
    func beginTerm(_ term: UInt64, _ shard: OpenShard?) {
        guard let shard else { return }
        shard.beginTerm(
            term,
            ReshardingDriver.Delegate(
                note: { [weak self] text in self?.note(.info, text) },
                latency: { [weak self, metrics] in
                    // What loops hand on now is told by the next call.
                    self?.openServer?.handOnTallies()
                    let (p99, count) = metrics.takeRecentWrites()
                    return (p99, count)
                },
                known: { [view = shard.view] in view.snapshot }
            )
        )
    }

    /// Before the loops are told that this node leads: which slots it serves is decided by then. From leadership's thread.
    func beginServing() { openedShard?.serveTerm() }

    /// This node's part in a reshard; nil while there is none, or it does not lead.
    package var reshardProgress: ReshardProgress? { openedShard?.resharding?.progress }

    /// While the address answers.
    private var openServer: NodeServer? { state.withLock { $0.server } }
}
