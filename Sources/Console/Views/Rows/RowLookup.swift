import Server

extension RowID {
    /// As a sentence names it.
    var name: String {
        switch self {
        case .cluster: "the cluster"
        case .shard(let name), .node(let name): name
        }
    }
}

/// Rows by their ids and their neighbours.
extension ClusterStatus {
    /// The row of this id, whether the filter shows it or not.
    package func row(_ id: RowID) -> TableRow? {
        switch id {
        case .cluster: return .cluster(self)
        case .shard(let name): return shards.first { $0.name == name }.map(TableRow.shard)
        case .node(let address):
            return shards.lazy.flatMap(\.nodes).first { $0.address == address }.map { .node($0, isLast: true) }
        }
    }

    /// The row of the shard or node of this name.
    func row(named name: String) -> TableRow? { row(.shard(name)) ?? row(.node(name)) }

    /// The shard a row is of; the first one for the cluster's.
    func shard(around id: RowID) -> RowID? {
        switch id {
        case .cluster: shards.first.map { .shard($0.name) }
        case .shard: id
        case .node(let address): owner(of: address).map { .shard($0.name) }
        }
    }

    /// The node itself; of a shard, its leader.
    func node(around id: RowID) -> RowID? {
        let shard: Shard?
        switch id {
        case .cluster: shard = shards.first
        case .shard(let name): shard = shards.first { $0.name == name }
        case .node: return id
        }
        return (shard?.runningLeader ?? shard?.nodes.first).map { .node($0.address) }
    }

    /// The shard that a node is of.
    func owner(of address: String) -> Shard? { shards.first { $0.nodes.contains { $0.address == address } } }

    /// The shard a row belongs to, and the node it stands for; nil for the cluster's row.
    func shard(of row: TableRow) -> (Shard, NodeStatus?)? {
        switch row {
        case .cluster: nil
        case .shard(let shard): (shard, nil)
        case .node(let node, _): owner(of: node.address).map { ($0, node) }
        }
    }
}
