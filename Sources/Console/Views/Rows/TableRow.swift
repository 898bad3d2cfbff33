import Model

/// What a row of the table stands for; stays the same while rows are sorted, filtered and scrolled.
package enum RowID: Hashable, Sendable {
    case cluster
    case shard(String)
    case node(String)
}

/// One row of the table: the cluster, a shard, or a node below its shard.
package enum TableRow: Hashable, Sendable {
    case cluster(ClusterStatus)
    case shard(ClusterStatus.Shard)
    case node(NodeStatus, isLast: Bool)

    package var id: RowID {
        switch self {
        case .cluster: .cluster
        case .shard(let shard): .shard(shard.name)
        case .node(let node, _): .node(node.address)
        }
    }

    /// The nodes the row stands for.
    package var nodes: [NodeStatus] {
        switch self {
        case .cluster(let status): status.shards.flatMap(\.nodes)
        case .shard(let shard): shard.nodes
        case .node(let node, _): [node]
        }
    }

    /// The rows of a cluster: its own, then each shard with its nodes. The filter is matched against shards (which then
    /// show all their nodes) and nodes (which bring their shard's row along).
    package static func rows(of status: ClusterStatus, filter: String, sort: TableSort) -> [TableRow] {
        let words = filter.lowercased().split(separator: " ").map(String.init)
        var rows: [TableRow] = [.cluster(status)]
        for shard in sort.sorted(status.shards) {
            var nodes = sort.sorted(shard.nodes)
            if !matches([shard.name], words) {
                nodes = nodes.filter { node in
                    matches([shard.name, node.address, node.role.rawValue, node.state.rawValue, node.engine], words)
                }
                if nodes.isEmpty { continue }
            }
            rows.append(.shard(shard))
            for (index, node) in nodes.enumerated() { rows.append(.node(node, isLast: index == nodes.count - 1)) }
        }
        return rows
    }

    private static func matches(_ texts: [String], _ words: [String]) -> Bool {
        words.allSatisfy { word in texts.contains { $0.lowercased().contains(word) } }
    }
}
