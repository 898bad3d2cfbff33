import Model
import Synchronization

/// Spreads redirects over the replicas of each shard, for all loops of a node. Any thread.
final class ReplicaTurns: Sendable {
    /// By the map's index. One count for all shards would send a client that alternates between two of them to the same
    /// replica for ever.
    private let turns = Mutex<[UInt16: UInt]>([:])

    /// The next one of `replicas`; nil if there is none.
    func next(ofShard shard: UInt16, _ replicas: [NodeAddress]) -> NodeAddress? {
        guard !replicas.isEmpty else { return nil }
        let turn = turns.withLock { turns in
            let turn = turns[shard, default: 0]
            turns[shard] = turn &+ 1
            return turn
        }
        return replicas[Int(turn % UInt(replicas.count))]
    }
}
