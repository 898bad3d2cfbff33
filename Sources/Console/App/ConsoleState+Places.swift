import Model
import Server

extension ConsoleState {
    /// The row that keys act on: the opened one, in a shard's own view the selected one of its nodes.
    var pointed: RowID { view == .shard ? list.selection : list.detail ?? list.selection }

    /// The shard whose view is shown.
    var shownShard: String? {
        if view == .shard, case .shard(let name)? = list.detail { name } else { nil }
    }

    /// The node that is to be asked for its details, since somebody looks at it.
    var wantsNode: String? {
        switch view {
        case .node: if case .node(let address)? = list.detail { address } else { nil }
        // The leader's log and engine are the shard's.
        case .shard: snapshot?.status.shards.first { $0.name == shownShard }?.runningLeader?.address
        default: nil
        }
    }

    /// A view of its own accord, by its number or its name: Esc leads to the dashboard from there.
    mutating func show(_ view: ConsoleView, _ argument: String) {
        guard view == .shard || view == .node else {
            trail = []
            self.view = view
            return
        }
        do throws(RowProblem) {
            guard argument.split(separator: " ").count < 2 else {
                throw RowProblem(text: "\(view) takes one name", severity: .error)
            }
            guard let status = snapshot?.status else { throw RowProblem.noStatus }
            let id = list.detail ?? list.selection
            guard let found = try status.row(for: view, named: argument, around: id) else { return }
            trail = []
            go(to: found)
        } catch {
            say(error.text, error.severity)
        }
    }

    /// Enter: what the view opens; else into the row, and remembers the way back.
    mutating func open(_ argument: String) -> [ViewEffect] {
        guard argument.isEmpty else {
            if let row = targets(argument).first { go(into: row) }
            return []
        }
        switch view {
        case .keys: return keys.openSelected()
        case .events, .logs: break
        case .slots: slots.open()
        case .reshard: return reshard.enter(isReadOnly: options.isReadOnly)
        case .dashboard, .shard, .node:
            // Marks are for what is done to several rows; one looks at the row under the cursor.
            guard let row = row(pointed) else { return [.say("no status of the cluster yet", .warning)] }
            go(into: row)
        }
        return []
    }

    /// Nobody finds back further than that; names typed after `:open` could go on for ever.
    private static let trailMax = 16

    private mutating func go(into row: TableRow) {
        let isThere = row.id == list.detail && (view != .dashboard || row.id == .cluster)
        guard !isThere else { return }
        if row.id != .cluster { trail.append(Place(view: view, detail: list.detail, selection: list.selection)) }
        if trail.count > Self.trailMax { trail.removeFirst() }
        go(to: row.id)
    }

    private mutating func go(to id: RowID) {
        switch id {
        case .cluster: view = .dashboard
        case .shard: view = .shard
        case .node: view = .node
        }
        // In the events or the graph, Enter opens what they belong to: the selected row.
        list.detail = id
        list.selection = id
        list.detailTop = 0
        focus = .table
        refreshRows()
    }

    /// Esc: one step towards the plain dashboard; never further.
    mutating func back() -> [ViewEffect] {
        switch view {
        case .keys: return keys.back()
        case .events: return events.back()
        case .logs: return logs.back()
        case .reshard: return reshard.back()
        case .slots: return slots.back()
        case .dashboard, .shard, .node: break
        }
        if !list.marked.isEmpty {
            list.marked = []
        } else if view == .dashboard, list.detail != nil {
            list.detail = nil
        } else if graph.shift > 0 || events.panelShift > 0 {
            graph.shift = 0
            events.panelShift = 0
        } else if focus != .table {
            focus = .table
        } else if view != .dashboard {
            leave()
        } else if !list.filter.isEmpty {
            list.filter("", snapshot?.status)
        }
        return []
    }

    /// Back to where Enter came from, or to the dashboard.
    mutating func leave() {
        let place =
            trail.popLast()
            ?? Place(view: .dashboard, detail: nil, selection: list.detail ?? list.selection)
        view = place.view
        list.detail = place.detail
        list.selection = place.selection
        list.detailTop = 0
        refreshRows()
    }

    /// A row that is open belongs to its own view; other views leave nothing open behind them.
    mutating func settlePlace() {
        switch (view, list.detail) {
        case (.dashboard, .shard?), (.dashboard, .node?): list.detail = nil
        default: break
        }
        if view == .dashboard { trail = [] }
    }

    /// A panel that a smaller screen has no room for gives the keyboard back.
    mutating func settleFocus(_ layout: DashboardLayout) {
        if !isTooSmall, !layout.shows(focus) { focus = .table }
    }

    mutating func stepPanel(_ direction: Int) {
        if view == .slots { return slots.stepPanel(context) }
        if view == .reshard { return reshard.wizard.nextPart(direction) }
        guard view.isOfRows else { return }
        let layout = self.layout
        let visible = ConsolePanel.allCases.filter(layout.shows)
        let index = visible.firstIndex(of: focus) ?? 0
        focus = visible[(index + direction + visible.count) % visible.count]
    }
}
