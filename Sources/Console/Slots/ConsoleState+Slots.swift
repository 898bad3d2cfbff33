import Routing
import Server
import Terminal

extension ConsoleState {
    /// Whether somebody looks at what only `ClusterSlots` tells.
    var wantsSlots: Bool { view == .slots }

    /// The shards in the order of the legend.
    var slotShards: [String] { slots?.map.shardNames ?? snapshot?.status.shards.map(\.name) ?? [] }

    /// Half blocks show twice as many cells; more shards than there are colours need letters.
    var usesBlocks: Bool { display.hasColors && display.isUnicode && slotShards.count <= ThemeRole.seriesCount }

    func slotsLayout(width: Int, height: Int, isDoubled: Bool) -> SlotsLayout {
        SlotsLayout(
            width: width,
            height: height,
            shards: slotShards.count,
            isDoubled: isDoubled,
            near: slotsView.isNear ? slotsView.cursor : nil
        )
    }

    /// As this screen shows it.
    var slotsLayout: SlotsLayout { slotsLayout(width: width, height: height, isDoubled: usesBlocks) }

    private var slotGrid: SlotGrid { slotsLayout.grid }

    /// `:slots 1234` puts the cursor on a slot.
    mutating func showSlots(_ argument: String) {
        if !argument.isEmpty {
            guard let slot = Int(argument), (0..<SlotGrid.slotCount).contains(slot) else {
                return say("not a slot: \(argument) (0 to \(SlotGrid.slotCount - 1))", .error)
            }
            slotsView.cursor = slot
            slotsView.panel = .grid
        }
        view = .slots
    }

    mutating func moveInSlots(_ movement: ConsoleCommand.Movement) {
        if slotsView.panel == .shards { return moveInShards(movement) }
        let grid = slotGrid
        let cell = grid.cell(of: slotsView.cursor)
        let row = cell / grid.columns
        let page = max(1, grid.rows / 4) * grid.columns
        switch movement {
        case .left: moveCursor(to: cell - 1, grid)
        case .right: moveCursor(to: cell + 1, grid)
        case .up: moveCursor(to: cell - grid.columns, grid)
        case .down: moveCursor(to: cell + grid.columns, grid)
        case .pageUp: moveCursor(to: max(cell - page, cell - row * grid.columns), grid)
        case .pageDown: moveCursor(to: min(cell + page, cell + (grid.rows - 1 - row) * grid.columns), grid)
        case .top: slotsView.cursor = 0
        case .bottom: slotsView.cursor = SlotGrid.slotCount - grid.slotsPerCell
        }
    }

    /// Beyond the edge of what is shown, the next part is shown; at the ends the cursor stays.
    private mutating func moveCursor(to cell: Int, _ grid: SlotGrid) {
        let slot = grid.first + cell * grid.slotsPerCell
        if (0..<SlotGrid.slotCount).contains(slot) { slotsView.cursor = slot }
    }

    private mutating func moveInShards(_ movement: ConsoleCommand.Movement) {
        let names = slotShards
        guard !names.isEmpty else { return }
        let at = slotsView.shard.flatMap(names.firstIndex) ?? 0
        let moved =
            switch movement {
            case .up, .left: at - 1
            case .down, .right: at + 1
            case .pageUp: at - 8
            case .pageDown: at + 8
            case .top: 0
            case .bottom: names.count - 1
            }
        showShard(min(max(0, moved), names.count - 1))
    }

    /// Shows the slots of one shard alone.
    mutating func showShard(_ place: Int) {
        slotsView.shard = slotShards[place]
        // To where the shard's slots are, so that they are seen also close up.
        if let map = slots?.map, let first = map.owners.firstIndex(of: UInt16(place)) { slotsView.cursor = first }
    }

    /// Tab: from the grid to the shards, of which one is then shown alone.
    mutating func stepSlotsPanel() {
        slotsView.panel = slotsView.panel == .grid ? .shards : .grid
        guard slotsView.panel == .shards, slotsView.shard == nil else { return }
        slotsView.shard = slots?.map.ownerName(of: UInt16(clamping: slotsView.cursor)) ?? slotShards.first
    }

    /// Enter: a closer look around the cursor, and back.
    mutating func openSlot() { slotsView.isNear.toggle() }

    /// One step back from the closer look, then from the shard, then from the view.
    mutating func backFromSlots() {
        if slotsView.isNear {
            slotsView.isNear = false
        } else if slotsView.panel == .shards || slotsView.shard != nil {
            slotsView.panel = .grid
            slotsView.shard = nil
        } else {
            view = .dashboard
        }
    }

    mutating func shadeSlots(_ argument: String) {
        guard let shade = SlotShade(rawValue: argument) else {
            let known = SlotShade.allCases.map(\.rawValue).joined(separator: ", ")
            return say("slots can't be coloured by \"\(argument)\"; there are \(known)", .error)
        }
        slotsView.shade = shade
        view = .slots
    }

    /// A cursor on the first slot of its cell, a shard that exists.
    mutating func settleSlots() {
        let grid = slotGrid
        slotsView.cursor = grid.slots(ofCell: grid.cell(of: slotsView.cursor)).lowerBound
        if let shard = slotsView.shard, !slotShards.contains(shard) {
            slotsView.shard = nil
            slotsView.panel = .grid
        }
    }

    /// What `y` copies: the slots under the cursor.
    var slotsText: String {
        let range = slotGrid.slots(ofCell: slotGrid.cell(of: slotsView.cursor))
        return range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound - 1)"
    }
}
