import Terminal

/// What is where on the screen, from the same layouts that the renderers draw by.
struct ScreenMap {
    let state: ConsoleState

    func target(x: Int, y: Int) -> MouseTarget {
        let screen = Rect(width: state.width, height: state.height)
        guard screen.contains(x: x, y: y) else { return .nothing }
        switch state.overlay {
        case .confirm(let dialog):
            let layout = DialogLayout(dialog, in: screen)
            if layout.cancel.contains(x: x, y: y) { return .cancel }
            return layout.confirm.contains(x: x, y: y) ? .confirm : .nothing
        case .help:
            guard !state.isTooSmall else { return .nothing }
            let layout = HelpLayout(width: state.width, height: state.height)
            guard layout.box.contains(x: x, y: y) else { return .nothing }
            return y == layout.foot ? .helpFoot : .help
        case .none: break
        }
        // The frame's own columns belong to nothing.
        guard !state.isTooSmall, x > 0, x < state.width - 1 else { return .nothing }
        let layout = state.layout
        if y == layout.bottom { return bottomTarget(x: x) }
        switch state.view {
        case .dashboard, .shard, .node: return rowsTarget(y: y, layout)
        case .slots: return state.slots.target(x: x, y: y, state.context)
        case .keys: return state.keys.target(x: x, y: y, state.context)
        case .events, .logs: return ViewLayout(height: state.height).body.contains(y) ? .feed : .nothing
        case .reshard: return ViewLayout(height: state.height).body.contains(y) ? .wizard : .nothing
        }
    }

    private func bottomTarget(x: Int) -> MouseTarget {
        guard state.input == .none else { return .nothing }
        guard state.notice == nil else { return .notice }
        let place = HintLine.places(state.hints, width: state.width).first { $0.columns.contains(x) }
        return place.flatMap { Key(name: $0.key) }.map(MouseTarget.hint) ?? .nothing
    }

    private func rowsTarget(y: Int, _ layout: DashboardLayout) -> MouseTarget {
        let list = state.list
        if layout.tableRows.contains(y), list.detail == nil || state.view == .shard {
            let index = list.top + y - layout.tableRows.lowerBound
            return list.rows.indices.contains(index) ? .row(list.rows[index].id) : .panel(.table)
        }
        if y == layout.tableTitle || y == layout.tableHeader || layout.tableRows.contains(y) { return .panel(.table) }
        if y == layout.graphTitle || layout.graph.contains(y) { return .panel(.graph) }
        return y == layout.eventsTitle || layout.events.contains(y) ? .panel(.events) : .nothing
    }
}
