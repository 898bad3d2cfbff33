import Model
import Node
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
            if leader.store.hold != .none { missing.append("\(leader.name) holds commands") }
            let inSync = coordinator.records[shard].record?.inSync ?? []
            for node in members {
                guard let process = node.process else { missing.append("\(node.address) is down"); continue }
                if let stale = whatIsStale(process) { missing.append(stale) }
                if !inSync.contains(where: { $0.key == node.member.key }) {
                    missing.append(
                        "\(process.name) is not in sync: \(blocker(of: node, by: leader) ?? "?")"
                    )
                }
                if node.disk.terms.end.term != leader.node.disk.terms.end.term {
                    missing.append("\(process.name) ends in \(node.disk.terms.end)")
                }
            }
        }
        return missing.joined(separator: "; ")
    }

    /// Microseconds after which everybody knows what was written at the coordinator.
    private static let viewLagMax: UInt64 = 500_000

    private func whatIsStale(_ process: SimulatedProcess) -> String? {
        guard let view = process.view else { return "\(process.name) has not joined" }
        if let error = view.error { return "\(process.name) hears nothing of the coordinator: \(error)" }
        let due = coordinator.ledger.revision(at: now - Cluster.viewLagMax)
        guard view.revision < due else { return nil }
        return "\(process.name) knows the coordinator up to \(view.revision), which had \(due) before"
    }

    private func whyNobodyLeads(_ members: [SimulatedNode]) -> String {
        members.map { node in
            guard let process = node.process else { return "\(node.address) down" }
            guard process.view != nil else { return "\(process.name) has not joined" }
            let status = process.driver.status
            let words = blocker(of: node, by: process) ?? "able"
            return "\(process.name) \(status.role) lease \(status.leaseRemaining): \(words)"
        }.joined(separator: ", ")
    }

    private func blocker(of node: SimulatedNode, by process: SimulatedProcess) -> String? {
        let member = node.member
        return process.inspect { machine, now in machine.blocker(of: member, now: now) } ?? nil
    }
}
