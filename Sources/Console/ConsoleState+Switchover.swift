import Server

extension ConsoleState {
    /// Asks before a shard's leader is changed: to the replica of the row, else to the furthest in-sync one.
    mutating func switchOver(_ argument: String) {
        let targets = self.targets(argument)
        guard let first = targets.first else { return }
        if targets.count > 1 { return switchOver(all: targets) }
        guard targets.count == 1, let (shard, chosen) = shard(of: first) else {
            return say("a switchover is of one shard: select it or one of its nodes", .warning)
        }
        guard let leader = shard.runningLeader else {
            return say("\(shard.name) has no leader now: there is nobody to hand over", .warning)
        }
        let isReplica = chosen != nil && chosen?.address != leader.address
        guard let target = isReplica ? chosen : shard.furthestInSync(besides: leader) else {
            return say("\(shard.name) has no in-sync replica that could become leader", .warning)
        }
        if let reason = shard.blocker(of: target) {
            return say("\(target.address) could not become leader: \(reason)", .warning)
        }
        overlay = .confirm(.switchOver(shard: shard.name, from: leader.address, to: target.address))
    }

    /// One question for several shards; what can't be changed is said, and nothing is done.
    private mutating func switchOver(all targets: [TableRow]) {
        var changes: [(shard: String, from: String, to: String)] = []
        for target in targets {
            guard let (shard, chosen) = shard(of: target), let leader = shard.runningLeader else {
                return say("\(Self.name(of: target.id)) has no leader now: there is nobody to hand over", .warning)
            }
            let isReplica = chosen != nil && chosen?.address != leader.address
            guard let heir = isReplica ? chosen : shard.furthestInSync(besides: leader),
                shard.blocker(of: heir) == nil
            else { return say("\(shard.name): nobody of these could become leader", .warning) }
            guard !changes.contains(where: { $0.shard == shard.name }) else {
                return say("\(shard.name) has one leader: mark or name the node that should become it", .warning)
            }
            changes.append((shard.name, leader.address, heir.address))
        }
        overlay = .confirm(.switchOver(changes))
    }

    /// The shard a row belongs to, and the node it stands for; nil for the cluster's row.
    private func shard(of row: TableRow) -> (ClusterStatus.Shard, NodeStatus?)? {
        switch row {
        case .cluster: return nil
        case .shard(let shard): return (shard, nil)
        case .node(let node, _):
            let shards = snapshot?.status.shards ?? []
            return shards.first { $0.nodes.contains { $0.address == node.address } }.map { ($0, node) }
        }
    }
}

extension ClusterStatus.Shard {
    /// The node that leads now, as it says itself.
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
