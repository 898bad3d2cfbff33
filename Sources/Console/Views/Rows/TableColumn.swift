import Model
import Terminal

/// One column of the table: where it stands, how wide it is and what it shows.
struct TableColumn: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case name, role, state, engine, slots, keys, size, ops, read, write, lag, sync, entries, writeTail, readTail,
            commit
        case term, uptime, note
    }

    var kind: Kind
    var title: String
    var width: Int
    var isRightAligned = true
    var sort: TableSort.Column?
    /// Offset from the left edge of the row.
    var x = 0

    /// The marker of the selected row and a space.
    static let markerWidth = 2
    /// The branch before a node's address.
    private static let branchWidth = 2
    private static let narrowWidth = 56
    private static let gap = 1
    private static let longestState = 13
    private static let longestName = 34
    /// `shard0 8,192 slots`.
    private static let usualName = 18
    private static let shortestNote = 16

    /// The columns for rows of this width, the more important ones first to get a place, in the order of display.
    ///
    /// - Parameter longestAddress: columns of the longest one shown. An address that is cut names no node, so numbers
    ///   make room for it where it fits at all.
    static func columns(width: Int, longestAddress: Int = 0) -> [TableColumn] {
        var left = width - markerWidth
        let displayed = displayed.map { column in
            guard column.kind == .name, width >= narrowWidth else { return column }
            var column = column
            column.width = min(max(column.width, longestAddress + branchWidth), longestName)
            return column
        }
        func pick(_ kinds: [Kind]) -> [TableColumn] {
            kinds.compactMap { kind in displayed.first { $0.kind == kind } }
        }
        var chosen: Set<Kind> = []
        // Reads and writes apart need twice the room of their sum.
        let wanted = pick(width < narrowWidth ? narrow : wide)
        for column in wanted where column.width + gap <= left + (chosen.isEmpty ? gap : 0) {
            chosen.insert(column.kind)
            left -= column.width + (chosen.count == 1 ? 0 : gap)
        }
        var columns = displayed.filter { chosen.contains($0.kind) }
        left = widen(.name, of: &columns, to: usualName, left: left)
        left = widen(.state, of: &columns, to: longestState, left: left)
        left = widen(.name, of: &columns, to: longestName, left: left)
        if left > shortestNote {
            columns.append(TableColumn(kind: .note, title: "NOTE", width: left - gap, isRightAligned: false))
        }
        var x = markerWidth
        for index in columns.indices {
            columns[index].x = x
            x += columns[index].width + gap
        }
        return columns
    }

    private static func widen(_ kind: Kind, of columns: inout [TableColumn], to width: Int, left: Int) -> Int {
        guard left > 0, let index = columns.firstIndex(where: { $0.kind == kind }) else { return left }
        let more = max(0, min(left, width - columns[index].width))
        columns[index].width += more
        return left - more
    }

    private static let displayed: [TableColumn] = [
        TableColumn(kind: .name, title: "NAME", width: 17, isRightAligned: false, sort: .name),
        TableColumn(kind: .role, title: "ROLE", width: 7, isRightAligned: false),
        TableColumn(kind: .state, title: "STATE", width: 10, isRightAligned: false, sort: .state),
        TableColumn(kind: .engine, title: "ENGINE", width: 7, isRightAligned: false),
        TableColumn(kind: .keys, title: "KEYS", width: 6, sort: .keys),
        TableColumn(kind: .size, title: "SIZE", width: 8, sort: .size),
        TableColumn(kind: .ops, title: "OPS/S", width: 6, sort: .read),
        TableColumn(kind: .read, title: "READ/S", width: 7, sort: .read),
        TableColumn(kind: .write, title: "WRITE/S", width: 7, sort: .write),
        TableColumn(kind: .lag, title: "LAG MS", width: 7, sort: .lag),
        TableColumn(kind: .sync, title: "SYNC", width: 4),
        TableColumn(kind: .entries, title: "BEHIND", width: 7),
        TableColumn(kind: .writeTail, title: "P99W MS", width: 7, sort: .p99),
        TableColumn(kind: .readTail, title: "P99R MS", width: 7),
        TableColumn(kind: .commit, title: "COMMIT", width: 6, isRightAligned: false),
        TableColumn(kind: .term, title: "TERM", width: 5),
        TableColumn(kind: .uptime, title: "UPTIME", width: 7, sort: .uptime),
    ]

    private static let narrow: [Kind] = [.name, .state, .ops]
    private static let wide: [Kind] = [
        .name, .state, .read, .write, .role, .keys, .lag, .size, .sync, .writeTail, .engine, .readTail, .uptime,
        .commit, .term, .entries,
    ]
}

/// What a row shows in a column. What is not known is a dash, never a zero.
struct TableCellText {
    let unknown: String

    func text(_ kind: TableColumn.Kind, of row: TableRow) -> String {
        switch row {
        case .node(let node, _): text(kind, node: node)
        case .shard(let shard) where kind == .sync: members(of: shard)
        case .shard(let shard) where kind == .term: shard.leadership.map { "\($0.term)" } ?? unknown
        case .shard(let shard): text(kind, nodes: shard.nodes, keys: shard.keys, bytes: shard.bytes)
        case .cluster(let status): text(kind, nodes: row.nodes, keys: status.keys, bytes: status.bytes)
        }
    }

    private func text(_ kind: TableColumn.Kind, node: NodeStatus) -> String {
        switch kind {
        case .name: return node.address
        case .role: return node.role.rawValue
        case .engine: return node.engine
        case .commit: return node.commit
        case .keys where node.state.serves || node.keys > 0: return NumberFormat.short(node.keys)
        case .size where node.state.serves || node.bytes > 0: return NumberFormat.bytes(node.bytes)
        case .note: return node.message
        case .state: return node.state.rawValue
        default: break
        }
        guard node.state.serves else { return unknown }
        switch kind {
        case .ops: return NumberFormat.short(node.opsPerSecond.total)
        case .read: return NumberFormat.short(node.opsPerSecond.read)
        case .write: return NumberFormat.short(node.opsPerSecond.write)
        case .lag: return node.role == .leader ? unknown : NumberFormat.short(node.lag.milliseconds)
        case .sync: return node.inSync ? "yes" : "no"
        case .term: return node.leadership.map { "\($0.term)" } ?? unknown
        case .entries: return node.role == .leader ? unknown : NumberFormat.short(node.lag.entries)
        case .writeTail: return latency(node.latencyMicroseconds.write.p99)
        case .readTail: return latency(node.latencyMicroseconds.read.p99)
        case .uptime: return NumberFormat.duration(seconds: node.uptimeSeconds)
        default: return unknown
        }
    }

    /// Members of the in-sync set, and nodes of the shard.
    private func members(of shard: ClusterStatus.Shard) -> String {
        guard let members = shard.leadership?.members else { return unknown }
        return "\(members.count(where: \.inSync))/\(shard.nodes.count)"
    }

    private func text(_ kind: TableColumn.Kind, nodes: [NodeStatus], keys: Int, bytes: Int) -> String {
        let serving = nodes.filter(\.state.serves)
        switch kind {
        case .keys where !serving.isEmpty || keys > 0: return NumberFormat.short(keys)
        case .size where !serving.isEmpty || bytes > 0: return NumberFormat.bytes(bytes)
        case .keys, .size: return unknown
        case .ops, .read, .write, .lag, .entries, .writeTail, .readTail:
            guard !serving.isEmpty else { return unknown }
        default: return ""
        }
        let rates = serving.reduce(NodeStatus.Rates()) { $0 + $1.opsPerSecond }
        let replicas = serving.filter { $0.role == .replica }
        switch kind {
        case .ops: return NumberFormat.short(rates.total)
        case .read: return NumberFormat.short(rates.read)
        case .write: return NumberFormat.short(rates.write)
        case .lag: return replicas.map(\.lag.milliseconds).max().map(NumberFormat.short) ?? unknown
        case .entries: return replicas.map(\.lag.entries).max().map(NumberFormat.short) ?? unknown
        case .writeTail: return latency(serving.map(\.latencyMicroseconds.write.p99).max() ?? 0)
        default: return latency(serving.map(\.latencyMicroseconds.read.p99).max() ?? 0)
        }
    }

    /// Nothing takes no time: without requests there is nothing to tell.
    private func latency(_ micros: Int) -> String {
        micros == 0 ? unknown : NumberFormat.milliseconds(micros: micros)
    }
}
