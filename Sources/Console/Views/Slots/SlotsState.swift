import Model
import Routing
import Server
import Terminal

/// What the view of the slots knows, and where the user is in it.
package struct SlotsState: Hashable, Sendable {
    package enum Panel: Sendable { case grid, shards }

    /// The slot the cursor is on: the first one of its cell.
    package var cursor = 0
    package var shade = SlotShade.owner
    /// Every cell is one slot, around the cursor.
    package var isNear = false
    package var panel = Panel.grid
    /// The shard that alone is shown, by name.
    package var shard: String?
    /// Owners and what is in the slots; nil: not known yet.
    package internal(set) var known: ClusterSlots?
}

extension SlotsState {
    /// The shards in the order of the legend.
    func names(_ context: ViewContext) -> [String] { known?.map.shardNames ?? context.shards.map(\.name) }

    /// Half blocks show twice as many cells; more shards than there are colours need letters.
    func usesBlocks(_ context: ViewContext) -> Bool {
        context.display.hasColors && context.display.isUnicode && names(context).count <= ThemeRole.seriesCount
    }

    /// As this screen shows it.
    func layout(_ context: ViewContext) -> SlotsLayout { layout(context, isDoubled: usesBlocks(context)) }

    func layout(_ context: ViewContext, isDoubled: Bool) -> SlotsLayout {
        SlotsLayout(
            width: context.width,
            height: context.height,
            shards: names(context).count,
            isDoubled: isDoubled,
            near: isNear ? cursor : nil
        )
    }

    /// `:slots 1234` puts the cursor on a slot.
    mutating func show(_ argument: String) -> [ViewEffect] {
        if !argument.isEmpty {
            guard let slot = Int(argument), (0..<SlotGrid.slotCount).contains(slot) else {
                return [.say("not a slot: \(argument) (0 to \(SlotGrid.slotCount - 1))", .error)]
            }
            cursor = slot
            panel = .grid
        }
        return [.show(.slots)]
    }

    /// `:shade METRIC`; without one, the next.
    mutating func shade(by argument: String) -> [ViewEffect] {
        guard !argument.isEmpty else {
            shade = shade.stepped(1)
            return []
        }
        guard let named = SlotShade(rawValue: argument) else {
            let known = SlotShade.allCases.map(\.rawValue).joined(separator: ", ")
            return [.say("slots can't be coloured by \"\(argument)\"; there are \(known)", .error)]
        }
        shade = named
        return [.show(.slots)]
    }

    /// Tab: from the grid to the shards, of which one is then shown alone.
    mutating func stepPanel(_ context: ViewContext) {
        panel = panel == .grid ? .shards : .grid
        guard panel == .shards, shard == nil else { return }
        shard = known?.map.ownerName(of: UInt16(clamping: cursor)) ?? names(context).first
    }

    /// Enter: a closer look around the cursor, and back.
    mutating func open() { isNear.toggle() }

    /// One step back from the closer look, then from the shard, then from the view.
    mutating func back() -> [ViewEffect] {
        if isNear {
            isNear = false
        } else if panel == .shards || shard != nil {
            panel = .grid
            shard = nil
        } else {
            return [.show(.dashboard)]
        }
        return []
    }

    /// A cursor on the first slot of its cell, a shard that exists.
    mutating func settle(_ context: ViewContext) {
        let grid = layout(context).grid
        cursor = grid.slots(ofCell: grid.cell(of: cursor)).lowerBound
        if let shard, !names(context).contains(shard) {
            self.shard = nil
            panel = .grid
        }
    }

    /// What `y` copies: the slots under the cursor, or the shard that is chosen.
    func text(_ context: ViewContext) -> String {
        if panel == .shards, let shard { return shard }
        let grid = layout(context).grid
        let range = grid.slots(ofCell: grid.cell(of: cursor))
        return range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound - 1)"
    }
}
