import Model
import Routing
import Server
import Terminal

/// Moving in the grid and among the shards, by keys and by the mouse.
extension SlotsState {
    mutating func move(_ movement: ConsoleCommand.Movement, _ context: ViewContext) {
        if panel == .shards { return moveInShards(movement, context) }
        let grid = layout(context).grid
        let cell = grid.cell(of: cursor)
        let row = cell / grid.columns
        let page = max(1, grid.rows / 4) * grid.columns
        switch movement {
        case .left: moveCursor(to: cell - 1, grid)
        case .right: moveCursor(to: cell + 1, grid)
        case .up: moveCursor(to: cell - grid.columns, grid)
        case .down: moveCursor(to: cell + grid.columns, grid)
        case .pageUp: moveCursor(to: max(cell - page, cell - row * grid.columns), grid)
        case .pageDown: moveCursor(to: min(cell + page, cell + (grid.rows - 1 - row) * grid.columns), grid)
        case .top: cursor = 0
        case .bottom: cursor = SlotGrid.slotCount - grid.slotsPerCell
        }
    }

    /// Beyond the edge of what is shown, the next part is shown; at the ends the cursor stays.
    private mutating func moveCursor(to cell: Int, _ grid: SlotGrid) {
        let slot = grid.first + cell * grid.slotsPerCell
        if (0..<SlotGrid.slotCount).contains(slot) { cursor = slot }
    }

    private mutating func moveInShards(_ movement: ConsoleCommand.Movement, _ context: ViewContext) {
        let names = names(context)
        guard !names.isEmpty else { return }
        let at = shard.flatMap(names.firstIndex) ?? 0
        let moved =
            switch movement {
            case .up, .left: at - 1
            case .down, .right: at + 1
            case .pageUp: at - 8
            case .pageDown: at + 8
            case .top: 0
            case .bottom: names.count - 1
            }
        show(shard: min(max(0, moved), names.count - 1), context)
    }

    /// Shows the slots of one shard alone.
    mutating func show(shard place: Int, _ context: ViewContext) {
        let names = names(context)
        guard names.indices.contains(place) else { return }
        shard = names[place]
        // To where the shard's slots are, so that they are seen also close up.
        if let map = known?.map, let first = map.owners.firstIndex(of: UInt16(place)) { cursor = first }
    }

    /// A first click moves the cursor, one on the cursor looks closer.
    mutating func click(_ slot: Int, _ context: ViewContext) {
        let grid = layout(context).grid
        let wasThere = panel == .grid && grid.cell(of: cursor) == grid.cell(of: slot)
        panel = .grid
        cursor = slot
        if wasThere { open() }
    }

    mutating func click(shard place: Int, _ context: ViewContext) {
        guard names(context).indices.contains(place) else { return }
        panel = .shards
        show(shard: place, context)
    }

    /// Turns the wheel over one of the panels; what has the keyboard keeps it.
    mutating func scroll(_ panel: Panel, _ movement: ConsoleCommand.Movement, times: Int, _ context: ViewContext) {
        let before = self.panel
        self.panel = panel
        for _ in 0..<times { move(movement, context) }
        self.panel = before
    }

    /// What is at a cell of the screen.
    func target(x: Int, y: Int, _ context: ViewContext) -> MouseTarget {
        guard known != nil else { return .nothing }
        let layout = layout(context)
        if layout.cells.contains(x: x, y: y) {
            let line = (y - layout.cells.y) * (layout.isDoubled ? 2 : 1)
            let cell = line * layout.grid.columns + x - layout.cells.x
            return cell < layout.grid.cells ? .slot(layout.grid.slots(ofCell: cell).lowerBound) : .nothing
        }
        guard layout.legend.contains(x: x, y: y) else { return .nothing }
        let names = names(context)
        let selected = shard.flatMap(names.firstIndex)
        let places = layout.legendPlaces(shards: names.count, selected: selected)
        return places.first { $0.area.contains(x: x, y: y) }.map { .shard($0.place) } ?? .legend
    }
}
