/// A frame: what the screen should show. Drawing outside of it is cut off, so any size down to 0 × 0 works, and a
/// glyph of two columns is always whole or replaced by a space.
package struct CellGrid: Equatable, Sendable {
    /// Larger sizes are cut to this: a terminal may claim 65,535 × 65,535 and a frame takes 16 bytes a cell.
    package static let largestSide = 1_000

    package let width: Int
    package let height: Int
    private(set) var cells: [Cell]

    package init(width: Int, height: Int, style: Style = .plain) {
        self.width = min(max(0, width), CellGrid.largestSide)
        self.height = min(max(0, height), CellGrid.largestSide)
        cells = Array(repeating: .blank(style), count: self.width * self.height)
    }

    package var bounds: Rect { Rect(width: width, height: height) }

    /// The cell at a place; a blank outside of the grid. Setting one outside does nothing.
    package subscript(x: Int, y: Int) -> Cell {
        get { contains(x, y) ? cells[y * width + x] : .blank() }
        set { place(newValue.scalar, x: x, y: y, style: newValue.style) }
    }

    package func contains(_ x: Int, _ y: Int) -> Bool { x >= 0 && y >= 0 && x < width && y < height }

    /// Puts one scalar, or a space if it does not fit or has no width, and repairs glyphs that it cuts in half.
    mutating func place(_ scalar: Unicode.Scalar, x: Int, y: Int, style: Style) {
        guard contains(x, y) else { return }
        let columns = DisplayWidth.columns(of: scalar)
        splitGlyph(x: x, y: y)
        let at = y * width + x
        if columns == 2, x + 1 < width {
            splitGlyph(x: x + 1, y: y)
            cells[at] = Cell(scalar, style: style)
            cells[at + 1] = .trailing(style)
        } else {
            cells[at] = columns == 1 ? Cell(scalar, style: style) : .blank(style)
        }
    }

    /// Blanks the other half of a two-column glyph before one half of it is overwritten.
    private mutating func splitGlyph(x: Int, y: Int) {
        let at = y * width + x
        if cells[at].isTrailing, x > 0 {
            cells[at - 1] = .blank(cells[at - 1].style)
            cells[at] = .blank(cells[at].style)
        }
        if x + 1 < width, cells[at + 1].isTrailing {
            cells[at + 1] = .blank(cells[at + 1].style)
        }
    }

    /// Gives the cells of a rectangle another style and leaves their text: a selected row.
    package mutating func restyle(_ rect: Rect, _ change: (Style) -> Style) {
        let area = rect.intersection(bounds)
        for y in area.y..<area.endY {
            for x in area.x..<area.endX { cells[y * width + x].style = change(cells[y * width + x].style) }
        }
    }

    /// One row as text, all columns: for tests and `plainText`.
    package func text(_ row: Int) -> String {
        guard row >= 0, row < height else { return "" }
        var text = String.UnicodeScalarView()
        for cell in cells[row * width..<(row + 1) * width] where !cell.isTrailing { text.append(cell.scalar) }
        return String(text)
    }

    /// The frame as plain lines without trailing spaces and without empty lines at the end.
    package var plainText: String {
        var lines = (0..<height).map { row in
            let line = text(row)
            return String(line[..<(line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex)])
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n")
    }

    /// A stretch of one row that differs from another frame.
    package struct Run: Equatable, Sendable {
        package let y: Int
        package let columns: Range<Int>
    }

    /// The stretches in which this frame differs from an earlier one; all rows if that had another size or is nil.
    package func changes(since earlier: CellGrid?) -> [Run] {
        guard width > 0 else { return [] }
        guard let earlier, earlier.width == width, earlier.height == height else {
            return (0..<height).map { Run(y: $0, columns: 0..<width) }
        }
        var runs: [Run] = []
        for y in 0..<height {
            let row = y * width..<(y + 1) * width
            guard cells[row] != earlier.cells[row] else { continue }
            var x = 0
            while x < width {
                guard cells[row.lowerBound + x] != earlier.cells[row.lowerBound + x] else {
                    x += 1
                    continue
                }
                let start = cells[row.lowerBound + x].isTrailing ? max(0, x - 1) : x
                while x < width, cells[row.lowerBound + x] != earlier.cells[row.lowerBound + x] { x += 1 }
                if x < width, cells[row.lowerBound + x].isTrailing { x += 1 }
                runs.append(Run(y: y, columns: start..<x))
            }
        }
        return runs
    }
}
