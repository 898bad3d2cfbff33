import Replication
import Storage

/// Whether a cluster has come back from everything.
extension Cluster {
    /// Every shard serves, and every member is in the set, with the leader's log and contents.
    var isWhole: Bool { whatIsMissing.isEmpty }

    var whatIsMissing: String {
        var missing: [String] = []
        for shard in truths.indices {
            let members = nodes.filter { $0.shard == shard }
            guard let leader = members.first(where: { $0.process?.store.isServing ?? false })?.process else {
                missing.append("shard \(shard) has no leader: \(whyNobodyLeads(members))")
                continue
            }
            let inSync = coordinator.records[shard].record?.inSync ?? []
            for node in members {
                guard let process = node.process else { missing.append("\(node.address) is down"); continue }
                if !inSync.contains(where: { $0.key == node.member.key }) {
                    missing.append(
                        "\(process.name) is not in sync: \(leader.leadership.blocker(of: node.member, now: leader.clock) ?? "?")"
                    )
                }
                if node.disk.terms.end.term != leader.node.disk.terms.end.term {
                    missing.append("\(process.name) ends in \(node.disk.terms.end)")
                }
            }
        }
        return missing.joined(separator: "; ")
    }

    private func whyNobodyLeads(_ members: [SimulatedNode]) -> String {
        members.map { node in
            guard let process = node.process else { return "\(node.address) down" }
            let status = process.leadership.status(now: process.clock)
            let words = process.leadership.blocker(of: node.member, now: process.clock) ?? "able"
            return "\(process.name) \(status.role) lease \(status.leaseRemaining): \(words)"
        }.joined(separator: ", ")
    }
}
