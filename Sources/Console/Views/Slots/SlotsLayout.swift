import Terminal

/// Which lines and columns of the slots' view belong to what.
struct SlotsLayout: Hashable, Sendable {
    /// Room for the first slot of a row: `15,360` and a space.
    static let labelWidth = 7
    /// Narrower, a legend beside the grid says too little.
    private static let sideWidth = 36

    let view: ViewLayout
    let grid: SlotGrid
    /// The cells on the screen, without labels.
    let cells: Rect
    let legend: Rect
    /// Columns of shards in the legend.
    let legendColumns: Int
    /// What the cursor is on.
    let cursorLine: Int
    /// Whether a cell on the screen is two of the grid, one above the other.
    let isDoubled: Bool

    init(width: Int, height: Int, shards: Int, isDoubled: Bool, near: Int?) {
        view = ViewLayout(height: height)
        self.isDoubled = isDoubled
        let inner = Rect(x: 2, y: view.body.lowerBound, width: width - 4, height: view.body.count)
        let columns = inner.width - Self.labelWidth
        // The cursor's line, and below a grid that leaves no room beside it, a line of titles and one of shards.
        let beside = SlotGrid(width: columns, height: 1).columns
        let isBeside = columns - beside - 2 >= Self.sideWidth
        legendColumns = isBeside || inner.width < 72 || shards < 2 ? 1 : 2
        let lines = (shards + legendColumns - 1) / legendColumns
        let below = isBeside ? 0 : inner.height < 12 ? 1 : 1 + min(max(1, lines), 2)
        let room = max(1, inner.height - 1 - below)
        grid = SlotGrid(width: columns, height: isDoubled ? room * 2 : room, near: near)
        let screenRows = isDoubled ? max(1, grid.rows / 2) : grid.rows
        cells = Rect(x: inner.x + Self.labelWidth, y: inner.y, width: grid.columns, height: screenRows)
        let isRoomy = inner.height > screenRows + 1 + below
        cursorLine = isBeside ? min(inner.endY - 1, cells.endY + (isRoomy ? 1 : 0)) : cells.endY
        legend =
            isBeside
            ? Rect(x: cells.endX + 2, y: inner.y, width: inner.endX - cells.endX - 2, height: screenRows)
            : Rect(x: inner.x, y: cursorLine + 1, width: inner.width, height: inner.endY - cursorLine - 1)
    }
    /// The legend's columns of shards.
    var legendParts: [Rect] { legend.columns(.init(repeating: .flexible(), count: legendColumns), gap: 2) }

    /// Which shards the legend shows, and where: all, or those around the selected one.
    func legendPlaces(shards: Int, selected: Int?) -> [(place: Int, area: Rect)] {
        let titles = legend.height > 1 ? 1 : 0
        let lines = max(0, legend.height - titles)
        let visible = max(1, lines * legendColumns)
        let top = shards <= visible ? 0 : min(max(0, (selected ?? 0) - visible + 1), shards - visible)
        return legendParts.enumerated().flatMap { index, part in
            (0..<lines).compactMap { line in
                let place = top + index * lines + line
                guard place < shards, place < top + visible else { return nil }
                return (place, Rect(x: part.x, y: part.y + line + titles, width: part.width, height: 1))
            }
        }
    }
}
