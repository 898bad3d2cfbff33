import Model
import Terminal

/// Draws the table of shards and nodes.
struct TableRenderer: CanvasRenderer {
    let canvas: Canvas
    let list: RowList
    /// What was asked of nodes and does not show yet.
    let operations: NodeOperations
    let layout: DashboardLayout

    /// Above the rows.
    var title: String {
        var title = "Shards and nodes"
        if !list.filter.isEmpty { title += "\(canvas.separator)filter: \(list.filter)" }
        if !list.marked.isEmpty { title += "\(canvas.separator)\(list.marked.count) marked" }
        if list.sort != TableSort() {
            title += "\(canvas.separator)by \(list.sort.column.rawValue)\(list.sort.isInverted ? ", inverted" : "")"
        }
        let visible = layout.tableRows.count
        if list.rows.count > visible, visible > 0 {
            title +=
                "\(canvas.separator)\(tableTop + 1)-\(min(list.rows.count, tableTop + visible)) of \(list.rows.count)"
        }
        return title
    }

    /// The first row shown; also right for a size other than the state's own.
    private var tableTop: Int { list.top(visible: layout.tableRows.count) }

    func draw() {
        let addresses = list.rows.filter(\.isNode).flatMap(\.nodes).map { SafeText.width($0.address) }
        let columns = TableColumn.columns(width: canvas.inner, longestAddress: addresses.max() ?? 0)
        drawTableHeader(columns)
        let top = tableTop
        for (line, y) in layout.tableRows.enumerated() where top + line < list.rows.count {
            draw(list.rows[top + line], y: y, columns: columns)
        }
        if list.rows.count == 1, !list.filter.isEmpty, layout.tableRows.count > 1 {
            canvas.put(
                "nothing matches \"\(list.filter)\"; Esc shows all",
                x: 3,
                y: layout.tableRows.lowerBound + 1,
                style: theme[.textDim]
            )
        }
    }

    private func drawTableHeader(_ columns: [TableColumn]) {
        for column in columns {
            var title = column.title
            if let sort = column.sort, sort == list.sort.column {
                let arrow = String(list.sort.isDescending ? glyphs.sortDown : glyphs.sortUp)
                title = title.prefix(column.width - 1) + arrow
            }
            put(title, column, y: layout.tableHeader, style: theme[.tableHeader])
        }
    }

    private func draw(_ row: TableRow, y: Int, columns: [TableColumn]) {
        let isSelected = row.id == list.selection
        if isSelected { grid.put(String(glyphs.marker), x: 1, y: y, style: theme[.tableSelected]) }
        drawName(row, y: y, columns: columns)
        drawState(row, y: y, columns: columns)
        let note = progressNote(row)
        let cells = TableCellText(unknown: canvas.unknown)
        for column in columns where column.kind != .name && column.kind != .state {
            if column.kind == .role, !row.isNode { continue }
            // A note needs the room of the numbers, which say nothing while there is one.
            if note != nil, column.kind != .role { continue }
            put(cells.text(column.kind, of: row), column, y: y, style: style(column.kind, of: row))
        }
        if let note { drawNote(note, row, y: y, columns: columns) }
        if list.marked.contains(row.id) {
            let style = theme[.tableMarked]
            grid.restyle(Rect(x: 1, y: y, width: canvas.inner, height: 1)) { _ in style }
            grid.put("*", x: 2, y: y, style: style)
        }
        if isSelected {
            let selected = theme[.tableSelected]
            grid.restyle(Rect(x: 1, y: y, width: canvas.inner, height: 1)) { _ in selected }
        }
    }

    /// Names of shards and the cluster may reach into the column of the roles, which they don't have.
    private func drawName(_ row: TableRow, y: Int, columns: [TableColumn]) {
        guard var column = columns.first(where: { $0.kind == .name }) else { return }
        var text: String
        switch row {
        case .node(let node, let isLast):
            text = "\(isLast ? glyphs.bottomLeft : glyphs.teeLeft) \(node.address)"
        case .shard(let shard):
            text = "\(shard.name)  \(NumberFormat.full(shard.slots)) slots"
            if SafeText.width(text) > column.width, column.width < 20 {
                text = "\(shard.name) \(NumberFormat.full(shard.slots)) slots"
            }
        case .cluster(let status): text = "cluster \(status.cluster)"
        }
        if !row.isNode, let role = columns.first(where: { $0.kind == .role }) {
            column.width = role.x + role.width - column.x
        }
        put(text, column, y: y, style: row.isNode ? theme[.tableRow] : theme[.textStrong])
    }

    private func drawState(_ row: TableRow, y: Int, columns: [TableColumn]) {
        guard let column = columns.first(where: { $0.kind == .state }) else { return }
        guard case .node(let node, _) = row else {
            let running = row.nodes.count { $0.state == .running }
            let style = running == row.nodes.count ? theme[.stateRunning] : theme[.warn]
            put("  \(running)/\(row.nodes.count) up", column, y: y, style: style)
            return
        }
        let (text, style) = stateText(node)
        put(text, column, y: y, style: style)
    }

    /// Sign, word and colour of what a node does; a request under way comes before what the status still says.
    func stateText(_ node: NodeStatus) -> (String, Style) {
        switch operations.verb(of: node.address) {
        case .start where node.state != .syncing: return ("\(canvas.spinner) starting", theme[.stateStarting])
        case .stop: return ("\(canvas.spinner) stopping", theme[.stateStopping])
        default: break
        }
        switch node.state {
        // A replica outside the in-sync set runs, but writes don't wait for it and it can't take over.
        case .running where !node.inSync && node.leadership != nil:
            return ("\(glyphs.isUnicode ? "◐" : "~") running", theme[.warn])
        case .running: return ("\(glyphs.bullet) running", theme[.stateRunning])
        case .starting: return ("\(canvas.spinner) starting", theme[.stateStarting])
        case .syncing: return ("\(canvas.spinner) syncing", theme[.stateSyncing])
        case .stopped: return ("\(glyphs.isUnicode ? "○" : "o") stopped", theme[.stateStopped])
        case .failed: return ("! failed", theme[.stateFailed])
        case .unreachable: return ("? unreachable", theme[.stateUnreachable])
        }
    }

    /// Why a node does not run, or how far it is.
    private func progressNote(_ row: TableRow) -> String? {
        guard case .node(let node, _) = row, node.state != .running, !node.message.isEmpty else { return nil }
        return node.message
    }

    private func drawNote(_ note: String, _ row: TableRow, y: Int, columns: [TableColumn]) {
        guard case .node(let node, _) = row, let column = columns.first(where: { $0.kind == .state }) else { return }
        let (text, style) = stateText(node)
        let room = max(0, canvas.inner - column.x)
        let used = grid.put(text, x: 1 + column.x, y: y, style: style, maxWidth: room)
        let start = column.x + max(column.width, used) + 1
        canvas.put(note, x: 1 + start, y: y, style: theme[.textDim])
    }

    private func style(_ kind: TableColumn.Kind, of row: TableRow) -> Style {
        switch (kind, row) {
        case (.role, .node(let node, _)): theme[node.role == .leader ? .roleLeader : .roleReplica]
        case (.lag, .node(let node, _)) where node.lag.milliseconds >= 1_000: theme[.warn]
        case (.sync, .node(let node, _)) where node.state.serves && !node.inSync: theme[.warn]
        case (.sync, .shard(let shard)) where shard.leadership?.members.contains { !$0.inSync } == true: theme[.warn]
        case (.note, _): theme[.textDim]
        default: theme[.tableRow]
        }
    }

    private func put(_ text: String, _ column: TableColumn, y: Int, style: Style) {
        let fitted = SafeText.fitted(
            text,
            to: column.width,
            align: column.isRightAligned ? .right : .left,
            ellipsis: glyphs.ellipsis
        )
        grid.put(fitted, x: 1 + column.x, y: y, style: style, maxWidth: max(0, canvas.inner - column.x))
    }
}

extension TableRow {
    var isNode: Bool { if case .node = self { true } else { false } }
}
