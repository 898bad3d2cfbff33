import Model
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

/// Why it is not known which row is meant, in words.
struct RowProblem: Error {
    var text: String
    var severity = ClusterEvent.Severity.warning

    static let noStatus = RowProblem(text: "no status of the cluster yet")

    static func unknown(_ name: String) -> RowProblem {
        RowProblem(text: "no node or shard \"\(name)\" in this cluster; Tab completes names", severity: .error)
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

    /// What the view of a shard or a node shows: the one of this name, else the one around a row.
    func row(for view: ConsoleView, named argument: String, around id: RowID) throws(RowProblem) -> RowID? {
        guard !shards.isEmpty else { throw RowProblem.noStatus }
        var id = id
        if let word = argument.split(separator: " ").first.map(String.init) {
            id = row(.node(word)) == nil ? .shard(word) : .node(word)
            guard row(id) != nil else { throw RowProblem.unknown(word) }
        }
        return view == .shard ? shard(around: id) : node(around: id)
    }

    /// The shard a row is of; the first one for the cluster's.
    private func shard(around id: RowID) -> RowID? {
        switch id {
        case .cluster: shards.first.map { .shard($0.name) }
        case .shard: id
        case .node(let address): owner(of: address).map { .shard($0.name) }
        }
    }

    /// The node itself; of a shard, its leader.
    private func node(around id: RowID) -> RowID? {
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
