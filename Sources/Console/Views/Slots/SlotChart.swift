import Model
import Routing
import Server

/// What the cells of a slot grid are coloured by.
package enum SlotShade: String, CaseIterable, Sendable {
    case owner, keys, bytes, ops

    /// Steps to the next (`1`) or previous (`-1`), around the end.
    func stepped(_ direction: Int) -> SlotShade {
        let all = Self.allCases
        let index = all.firstIndex(of: self) ?? 0
        return all[(index + direction + all.count) % all.count]
    }
}

/// Slots that are on their way to another shard.
package struct SlotMove: Hashable, Sendable {
    package var slots: ClosedRange<UInt16>
    /// The shard's name.
    package var target: String

    package init(slots: ClosedRange<UInt16>, target: String) {
        self.slots = slots
        self.target = target
    }
}

/// What each cell of a grid shows, before it becomes glyphs and colours.
package struct SlotChart: Hashable, Sendable {
    package enum Cell: Hashable, Sendable {
        /// Of a shard, by its place in the legend.
        case owner(Int)
        /// Some of the cell's slots go from the first to the second.
        case moving(from: Int, to: Int)
        /// 0 for nothing, up to `levels` for the most.
        case heat(Int)
        /// The owner did not answer.
        case unknown
        /// Not of the shard that is looked at.
        case faded
    }

    /// Steps of heat above nothing.
    package static let levels = 4

    package let grid: SlotGrid
    package let cells: [Cell]
    /// The largest value of a cell; 0 for owners.
    package let most: UInt64

    /// - Parameters:
    ///   - names: the shards in the legend's order; owners are looked up by name.
    ///   - shard: only this one's slots are shown.
    package init(
        _ slots: ClusterSlots,
        grid: SlotGrid,
        shade: SlotShade,
        names: [String],
        moves: [SlotMove] = [],
        shard: String? = nil
    ) {
        self.grid = grid
        let places = slots.map.shardNames.map { names.firstIndex(of: $0) ?? 0 }
        let only = shard.flatMap { slots.map.index(ofShard: $0) }
        let values = shade == .owner ? [] : Self.values(slots, grid, shade)
        most = values.compactMap(\.self).max() ?? 0
        let targets = shade == .owner ? Self.targets(moves, names) : [:]
        var cells: [Cell] = []
        cells.reserveCapacity(grid.cells)
        for cell in 0..<grid.cells {
            let range = grid.slots(ofCell: cell)
            if let only, !range.contains(where: { slots.map.owners[$0] == only }) {
                cells.append(.faded)
            } else if shade == .owner {
                cells.append(Self.owner(range, cell, slots.map, places, only, targets))
            } else if let value = values[cell] {
                cells.append(.heat(Self.level(value, most)))
            } else {
                cells.append(.unknown)
            }
        }
        self.cells = cells
    }

    /// Of slots of several owners one is shown, another one in each cell: shares of a mixed area are seen as such.
    private static func owner(
        _ range: Range<Int>,
        _ cell: Int,
        _ map: SlotMap,
        _ places: [Int],
        _ only: UInt16?,
        _ targets: [Int: Int]
    ) -> Cell {
        let shown = only.flatMap { only in range.first { map.owners[$0] == only } }
        let slot = shown ?? range.lowerBound + cell % range.count
        if !targets.isEmpty, let moving = range.first(where: { targets[$0] != nil }), let target = targets[moving] {
            return .moving(from: places[Int(map.owners[moving])], to: target)
        }
        return .owner(places[Int(map.owners[slot])])
    }

    private static func targets(_ moves: [SlotMove], _ names: [String]) -> [Int: Int] {
        var targets: [Int: Int] = [:]
        for move in moves {
            guard let place = names.firstIndex(of: move.target) else { continue }
            for slot in move.slots where Int(slot) < SlotGrid.slotCount { targets[Int(slot)] = place }
        }
        return targets
    }

    /// The sum over each cell; nil where nothing is known of one of its slots.
    private static func values(_ slots: ClusterSlots, _ grid: SlotGrid, _ shade: SlotShade) -> [UInt64?] {
        (0..<grid.cells).map { cell in
            var sum: UInt64? = 0
            for slot in grid.slots(ofCell: cell) {
                let value: UInt64? =
                    switch shade {
                    case .owner, .keys: slots.slots[slot].keys
                    case .bytes: slots.slots[slot].bytes
                    case .ops: slots.slots[slot].rate
                    }
                guard slots.isKnown(slot), let value, let before = sum else { return nil }
                let (next, isOver) = before.addingReportingOverflow(value)
                sum = isOver ? .max : next
            }
            return sum
        }
    }

    private static func level(_ value: UInt64, _ most: UInt64) -> Int {
        guard value > 0 else { return 0 }
        return min(levels, 1 + Int(Double(value) / Double(most) * Double(levels)))
    }
}
