import Model
import Server

/// The rows of the table: which there are, in which order, and where the user is among them.
package struct RowList: Hashable, Sendable {
    package internal(set) var rows: [TableRow] = []
    /// Which shard alone they are of; nil: all.
    private(set) var scope: String?
    package internal(set) var selection = RowID.cluster
    /// Rows that the next start, stop, restart or switchover is about, instead of the selected one.
    package internal(set) var marked: Set<RowID> = []
    package private(set) var filter = ""
    package internal(set) var sort = TableSort()
    /// The first row on the screen.
    private(set) var top = 0
    /// The row whose details are open.
    package internal(set) var detail: RowID?
    /// The first line of the details on the screen.
    var detailTop = 0

    var selectedIndex: Int { rows.firstIndex { $0.id == selection } ?? 0 }

    package var selectedRow: TableRow? { rows.isEmpty ? nil : rows[selectedIndex] }

    /// The first row shown where so many are.
    func top(visible: Int) -> Int {
        DashboardLayout.scrolled(top: top, selected: selectedIndex, visible: visible, total: rows.count)
    }

    /// Makes the rows of what the cluster is now; `scope`: of one shard alone.
    mutating func refresh(_ status: ClusterStatus?, scope: String?) {
        guard let status else { return }
        self.scope = scope
        guard let scope else {
            rows = TableRow.rows(of: status, filter: filter, sort: sort)
            return
        }
        rows = status.shards.filter { $0.name == scope }.flatMap { shard -> [TableRow] in
            let nodes = sort.sorted(shard.nodes)
            return [.shard(shard)] + nodes.enumerated().map { TableRow.node($1, isLast: $0 == nodes.count - 1) }
        }
    }

    mutating func filter(_ text: String, _ status: ClusterStatus?) {
        filter = text
        refresh(status, scope: scope)
    }

    // MARK: Order

    mutating func changeSort(_ status: ClusterStatus?, _ change: (inout TableSort) -> Void) -> [ViewEffect] {
        change(&sort)
        refresh(status, scope: scope)
        let name = sort.column == .config ? "the config's order" : sort.column.rawValue
        return [.say("sorted by \(name)\(sort.isInverted ? ", inverted" : "")")]
    }

    /// `:sort COLUMN`; without one, as in the config.
    mutating func sort(by argument: String, _ status: ClusterStatus?) -> [ViewEffect] {
        guard !argument.isEmpty else { return changeSort(status) { $0 = TableSort() } }
        guard let column = TableSort.Column(rawValue: argument) else {
            let known = TableSort.Column.allCases.map(\.rawValue).joined(separator: ", ")
            return [.say("no column \"\(argument)\"; there are \(known)", .error)]
        }
        return changeSort(status) { $0 = TableSort(column: column) }
    }

    // MARK: Marks

    /// Space: marks the selected row, or takes the mark away; the cluster's own row marks all shards or none.
    /// - Returns: whether the next row is next.
    mutating func mark() -> Bool {
        guard let row = selectedRow else { return false }
        switch row {
        case .cluster(let status):
            marked = marked.isEmpty ? Set(status.shards.map { .shard($0.name) }) : []
            return false
        case .shard, .node:
            if marked.remove(row.id) == nil { marked.insert(row.id) }
            return true
        }
    }

    /// The marked rows, in the order of the config.
    func markedRows(of shards: [ClusterStatus.Shard]) -> [TableRow] {
        guard !marked.isEmpty else { return [] }
        return shards.flatMap { shard -> [TableRow] in
            // A marked shard has its nodes in it already.
            if marked.contains(.shard(shard.name)) { return [.shard(shard)] }
            return shard.nodes.filter { marked.contains(.node($0.address)) }.map { .node($0, isLast: true) }
        }
    }

    /// The rows named by an argument, or the marked ones, or the one that keys act on.
    func targets(
        _ argument: String,
        pointed: RowID,
        view: ConsoleView,
        _ status: ClusterStatus?
    ) throws(RowProblem) -> [TableRow] {
        let names = argument.split(separator: " ").map(String.init)
        if names.isEmpty {
            guard view.isOfRows else {
                throw RowProblem(text: "say which: a node's address or a shard's name after the command")
            }
            let marked = view == .node ? [] : markedRows(of: status?.shards ?? [])
            if !marked.isEmpty { return marked }
            guard let row = status?.row(pointed) else { throw RowProblem.noStatus }
            return [row]
        }
        var rows: [TableRow] = []
        for name in names {
            guard let row = status?.row(.shard(name)) ?? status?.row(.node(name)) else {
                throw RowProblem.unknown(name)
            }
            rows.append(row)
        }
        return rows
    }

    // MARK: Moving

    /// - Parameter page: rows that are seen at once.
    mutating func moveSelection(_ movement: ConsoleCommand.Movement, page: Int) {
        guard !rows.isEmpty else { return }
        let page = max(1, page - 1)
        let index = selectedIndex
        let moved =
            switch movement {
            case .up: index - 1
            case .down: index + 1
            case .pageUp: index - page
            case .pageDown: index + page
            case .top: 0
            case .bottom: rows.count - 1
            case .left: parent(of: index)
            case .right: child(of: index)
            }
        selection = rows[min(max(0, moved), rows.count - 1)].id
    }

    private func parent(of index: Int) -> Int {
        guard case .node = rows[index] else { return 0 }
        return rows[..<index].lastIndex { if case .shard = $0 { true } else { false } } ?? 0
    }

    private func child(of index: Int) -> Int {
        if case .node = rows[index] { return index }
        return index + 1
    }

    /// - Parameters:
    ///   - page: lines that are seen at once.
    ///   - lines: all there are.
    mutating func moveDetail(_ movement: ConsoleCommand.Movement, page: Int, lines: Int) {
        let page = max(1, page)
        let highest = max(0, lines - page)
        let moved =
            switch movement {
            case .up: detailTop - 1
            case .down: detailTop + 1
            case .pageUp: detailTop - page
            case .pageDown: detailTop + page
            case .top: 0
            case .bottom: highest
            case .left, .right: detailTop
            }
        detailTop = min(max(0, moved), highest)
    }

    // MARK: What exists

    /// Brings selection and marks back to what exists; marks on what is no longer there are dropped.
    mutating func settle(_ status: ClusterStatus?) {
        if let status, !marked.isEmpty { marked = marked.filter { status.row($0) != nil } }
        if !rows.contains(where: { $0.id == selection }) { selection = firstMatch }
    }

    mutating func scroll(visible: Int) { top = top(visible: visible) }

    /// With a filter, the first row it found; the cluster's own row is always there.
    private var firstMatch: RowID {
        let isFiltered = !filter.isEmpty
        return rows.first { isFiltered ? $0.id != .cluster : true }?.id ?? .cluster
    }
}
