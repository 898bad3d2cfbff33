import Logging
import Replication
import Resharding
import Server
import Storage

/// What a node does so that slots can come and go while it leads.
extension Node {
    /// From leadership's thread.
    func beginTerm(_ term: UInt64, _ shard: OpenShard?) {
        guard let shard else { return }
        shard.beginTerm(
            term,
            group: group,
            ReshardingDriver.Surroundings(
                note: { [weak self] text in self?.note(.info, text) },
                latency: { [metrics] in
                    let reading = metrics.reading()
                    return (UInt64(clamping: reading.latency.write.p99), reading.rates.write)
                },
                picture: { [view = shard.view] in view.picture }
            )
        )
    }

    /// Before the loops are told that this node leads: which slots it serves is decided by then. From leadership's thread.
    func beginServing() {
        do throws(StorageError) {
            try openedShard?.serveTerm()
        } catch {
            // Nobody decides which slots are served, so none is.
            openedShard?.store.setServing(SlotServing())
            logger.error("slots can't be served", metadata: ["reason": "\(error.message)"])
        }
    }

    /// This node's part in a reshard; nil while there is none, or it does not lead.
    package var reshardProgress: ReshardProgress? { openedShard?.resharding?.progress }
}
