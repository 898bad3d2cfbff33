/// How the slots, or some of them, are laid out as cells: row by row, every cell for as many slots. Sides are powers of
/// two, so that rows begin at round numbers.
package struct SlotGrid: Hashable, Sendable {
    package static let slotCount = 16_384
    /// More columns than this say no more and are hard to count.
    private static let columnsMax = 128

    package let columns: Int
    package let rows: Int
    package let slotsPerCell: Int
    /// The slot of the upper left cell.
    package let first: Int

    /// The largest grid in an area of so many cells.
    /// - Parameter near: a slot to look at closely: then every cell is one slot, and the grid a part of all.
    package init(width: Int, height: Int, near slot: Int? = nil) {
        columns = Self.powerOfTwo(upTo: min(width, Self.columnsMax))
        rows = Self.powerOfTwo(upTo: min(height, Self.slotCount / columns))
        let cells = columns * rows
        if let slot {
            slotsPerCell = 1
            first = min(max(0, slot), Self.slotCount - 1) / cells * cells
        } else {
            slotsPerCell = Self.slotCount / cells
            first = 0
        }
    }

    private static func powerOfTwo(upTo limit: Int) -> Int {
        guard limit > 1 else { return 1 }
        return 1 << (Int.bitWidth - 1 - limit.leadingZeroBitCount)
    }

    package var cells: Int { columns * rows }
    /// All slots that are shown.
    package var slots: Range<Int> { first..<(first + cells * slotsPerCell) }

    /// The slots of a cell, counted row by row.
    package func slots(ofCell cell: Int) -> Range<Int> {
        let start = first + cell * slotsPerCell
        return start..<(start + slotsPerCell)
    }

    /// The cell that shows a slot; the nearest one if none does.
    package func cell(of slot: Int) -> Int { min(max(0, slot - first) / slotsPerCell, cells - 1) }
}
