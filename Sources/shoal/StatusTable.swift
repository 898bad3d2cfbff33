import Server

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
        return cluster + "\n\n" + columns(rows)
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

    /// Columns as wide as their widest cell, numbers to the right.
    private static func columns(_ rows: [[String]]) -> String {
        let numbers = 5...10
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let pad = String(repeating: " ", count: widths[column] - cell.count)
                if column == row.count - 1 { return cell }
                return numbers.contains(column) ? pad + cell : cell + pad
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
