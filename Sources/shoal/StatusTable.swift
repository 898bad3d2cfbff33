import Model

/// The status document as a table for people.
enum StatusTable {
    static func text(of status: ClusterStatus) -> String {
        let cluster =
            "cluster \(status.cluster)  \(status.placement), map \(status.mapVersion)  coordinator \(status.coordinator)"
            + "  \(status.keys) keys  \(status.bytes) bytes"
            + "  \(status.opsPerSecond.read) reads/s  \(status.opsPerSecond.write) writes/s"
        var rows = [
            [
                "SHARD", "NODE", "ROLE", "STATE", "ENGINE", "SLOTS", "KEYS", "BYTES", "READ/S", "WRITE/S", "LAG MS",
                "MESSAGE",
            ]
        ]
        for shard in status.shards {
            for (index, node) in shard.nodes.enumerated() {
                rows.append(row(node, shard: index == 0 ? shard : nil))
            }
        }
        return cluster + "\n\n" + TextColumns.text(rows, numbers: Set(5...10)) + "\n\n" + text(of: status.health)
    }

    /// `health: ok`, or what is wrong and what to do.
    private static func text(of health: Health) -> String {
        var lines = ["health: \(health.state.rawValue)"]
        for reason in health.reasons {
            let words = [reason.text, reason.action].map { PrintableBytes.text(of: Array($0.utf8)) }
            lines.append("  \(reason.severity.rawValue): \(words[0]) [\(reason.code.rawValue)]")
            lines.append("    -> \(words[1])")
        }
        return lines.joined(separator: "\n")
    }

    private static func row(_ node: NodeStatus, shard: ClusterStatus.Shard?) -> [String] {
        let isKnown = node.state != .unreachable
        func known(_ number: Int) -> String { isKnown ? "\(number)" : "-" }
        // A node that isn't open can't count: its zeros say nothing.
        let counts = node.state == .running || node.state == .syncing
        func counted(_ number: Int) -> String { counts || number > 0 ? "\(number)" : "-" }
        return [
            shard?.name ?? "", node.address, node.role.rawValue, node.state.rawValue, isKnown ? node.engine : "-",
            shard.map { "\($0.slots)" } ?? "", counted(node.keys), counted(node.bytes), known(node.opsPerSecond.read),
            known(node.opsPerSecond.write),
            node.role == .leader || node.state == .stopped ? "-" : known(node.lag.milliseconds),
            PrintableBytes.text(of: Array(node.message.utf8)),
        ]
    }
}
