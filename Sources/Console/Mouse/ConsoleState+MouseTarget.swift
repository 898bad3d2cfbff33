import Terminal

/// What is where, from the same layouts that the renderer draws by.
extension ConsoleState {
    package func target(x: Int, y: Int) -> MouseTarget {
        let screen = Rect(width: width, height: height)
        guard screen.contains(x: x, y: y) else { return .nothing }
        switch overlay {
        case .confirm(let dialog):
            let layout = DialogLayout(dialog, in: screen)
            if layout.cancel.contains(x: x, y: y) { return .cancel }
            return layout.confirm.contains(x: x, y: y) ? .confirm : .nothing
        case .help:
            guard !isTooSmall else { return .nothing }
            let layout = HelpLayout(width: width, height: height)
            guard layout.box.contains(x: x, y: y) else { return .nothing }
            return y == layout.foot ? .helpFoot : .help
        case .none: break
        }
        // The frame's own columns belong to nothing.
        guard !isTooSmall, x > 0, x < width - 1 else { return .nothing }
        if y == layout.bottom { return bottomTarget(x: x) }
        switch view {
        case .dashboard, .shard, .node: return rowsTarget(y: y)
        case .slots: return slotsTarget(x: x, y: y)
        case .keys: return keysTarget(x: x, y: y)
        case .events, .logs: return ViewLayout(height: height).body.contains(y) ? .feed : .nothing
        case .reshard: return ViewLayout(height: height).body.contains(y) ? .wizard : .nothing
        }
    }

    private func bottomTarget(x: Int) -> MouseTarget {
        guard input == .none else { return .nothing }
        guard notice == nil else { return .notice }
        let place = HintLine.places(hints, width: width).first { $0.columns.contains(x) }
        return place.flatMap { Key(name: $0.key) }.map(MouseTarget.hint) ?? .nothing
    }

    private func rowsTarget(y: Int) -> MouseTarget {
        let layout = self.layout
        if layout.tableRows.contains(y), detail == nil || view == .shard {
            let index = tableTop + y - layout.tableRows.lowerBound
            return rows.indices.contains(index) ? .row(rows[index].id) : .panel(.table)
        }
        if y == layout.tableTitle || y == layout.tableHeader || layout.tableRows.contains(y) { return .panel(.table) }
        if y == layout.graphTitle || layout.graph.contains(y) { return .panel(.graph) }
        return y == layout.eventsTitle || layout.events.contains(y) ? .panel(.events) : .nothing
    }

    private func keysTarget(x: Int, y: Int) -> MouseTarget {
        let layout = KeysLayout(width: width, height: height)
        let isOpen = keysView.opened != nil
        if isOpen, layout.value.contains(x: x, y: y) { return .value }
        guard !isOpen || layout.isBeside, layout.list.contains(x: x, y: y) else { return .nothing }
        let index = keysView.top + y - layout.list.y
        return keysView.keys.indices.contains(index) ? .key(index) : .keyList
    }

    private func slotsTarget(x: Int, y: Int) -> MouseTarget {
        guard slots != nil else { return .nothing }
        let layout = slotsLayout
        if layout.cells.contains(x: x, y: y) {
            let line = (y - layout.cells.y) * (layout.isDoubled ? 2 : 1)
            let cell = line * layout.grid.columns + x - layout.cells.x
            return cell < layout.grid.cells ? .slot(layout.grid.slots(ofCell: cell).lowerBound) : .nothing
        }
        guard layout.legend.contains(x: x, y: y) else { return .nothing }
        let selected = slotsView.shard.flatMap(slotShards.firstIndex)
        let places = layout.legendPlaces(shards: slotShards.count, selected: selected)
        return places.first { $0.area.contains(x: x, y: y) }.map { .shard($0.place) } ?? .legend
    }
}
