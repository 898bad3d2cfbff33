import Model
import Server

/// Who is leader of a shard, and who could become it.
extension ClusterStatus.Shard {
    /// The leader now, as it says itself.
    package var runningLeader: NodeStatus? { nodes.first { $0.role == .leader && $0.state == .running } }

    /// The leader knows its followers; without one, any node knows who is in sync.
    var leadership: NodeStatus.Leadership? {
        runningLeader?.leadership ?? nodes.lazy.filter(\.state.serves).compactMap(\.leadership).first
    }

    /// Why a node could not become leader, in words; nil if it could. What the leader says counts before what the node
    /// says of itself: it may not know that it is out of the in-sync set.
    func blocker(of node: NodeStatus) -> String? {
        guard node.state.serves else {
            return "it is \(node.state.rawValue)" + (node.message.isEmpty ? "" : ": \(node.message)")
        }
        let views = [runningLeader?.leadership, node.leadership].compactMap(\.self)
        let words = views.compactMap { view in view.members.first { $0.address == node.address }?.blocker }
        if let word = words.first(where: { !$0.isEmpty }) { return word }
        // A leader that does not know the node has no stream from it.
        return words.isEmpty && !node.inSync ? "it is not in the in-sync set" : nil
    }

    /// The replica with the most of the log among those that could take over.
    func furthestInSync(besides leader: NodeStatus) -> NodeStatus? {
        nodes.filter { $0.address != leader.address && blocker(of: $0) == nil }
            .max { Self.sequence($0).lexicographicallyPrecedes(Self.sequence($1)) }
    }

    /// Term and sequence of a position `T-S`.
    private static func sequence(_ node: NodeStatus) -> [UInt64] {
        node.position.split(separator: "-").map { UInt64($0) ?? 0 }
    }
}
