extension Health {
    /// How well a cluster is, by what its nodes say of themselves.
    package static func of(_ shards: [ClusterStatus.Shard]) -> Health {
        Health(shards.flatMap(reasons) + versions(shards.flatMap(\.nodes)))
    }

    private static func reasons(_ shard: ClusterStatus.Shard) -> [Reason] {
        let leaders = shard.nodes.filter { $0.role == .leader && $0.state == .running }
        var reasons: [Reason] = []
        if leaders.isEmpty { reasons.append(noLeader(shard)) }
        if leaders.count > 1 {
            let addresses = leaders.map(\.address).joined(separator: " and ")
            reasons.append(
                Reason(
                    .severalLeaders,
                    .degraded,
                    shard.name,
                    "\(addresses) both say they lead \(shard.name)",
                    action: "one has not heard yet, if this is gone in some seconds; else their coordinators differ: "
                        + "compare Coordinator in their config.yaml"
                )
            )
        }
        for node in shard.nodes {
            let isServed = leaders.contains { $0.address != node.address }
            // A node that does not tell is of an older version, or did not answer.
            for reason in (node.health ?? Health.of(NodeFacts(node))).reasons where reason.code != .noLeader {
                var reason = reason
                // Others serve what this node would.
                if isServed, reason.object == node.address { reason.severity = min(reason.severity, .degraded) }
                reasons.append(reason)
            }
        }
        return reasons
    }

    private static func noLeader(_ shard: ClusterStatus.Shard) -> Reason {
        let view = shard.nodes.compactMap(\.leadership).max { $0.term < $1.term }
        let blockers = (view?.members ?? []).filter { !$0.blocker.isEmpty }.map { "\($0.address): \($0.blocker)" }
        let why = blockers.isEmpty ? "" : " (\(blockers.joined(separator: "; ")))"
        let members = (view?.members ?? []).filter(\.inSync).map(\.address)
        return Reason(
            .noLeader,
            .down,
            shard.name,
            "\(shard.name) has no leader: its slots are not served\(why)",
            action: members.isEmpty
                ? "start its nodes; an in-sync one becomes leader by itself"
                : "start a member of its in-sync set, with its data folder: \(members.joined(separator: ", ")); it becomes "
                    + "leader by itself. If the disks of all of them are lost for good, put back a backup of a member's "
                    + "data folder"
        )
    }

    private static func versions(_ nodes: [NodeStatus]) -> [Reason] {
        let versions = Set(nodes.map(\.version).filter { !$0.isEmpty })
        guard versions.count > 1 else { return [] }
        return [
            Reason(
                .versionsDiffer,
                .degraded,
                "",
                "nodes run different versions: \(versions.sorted().joined(separator: ", "))",
                action: "fine while they are replaced one by one; not to stay"
            )
        ]
    }
}
