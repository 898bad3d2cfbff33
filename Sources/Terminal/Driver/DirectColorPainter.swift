/// The bytes that show changed cells in direct colour. Curses can't: it takes colours from the terminal's entry in
/// terminfo, and the usual ones (`xterm-256color`, `tmux-256color`) end at 256 although the terminal behind them, by
/// `COLORTERM`, shows all. What such terminals share, the cursor's position and the attributes of ECMA-48, is all that is
/// used here. Pure.
package struct DirectColorPainter {
    /// Columns and rows of the screen; nothing is sent for what lies outside.
    private let width: Int
    private let height: Int
    /// Whether a glyph takes the columns on the screen that it takes in the grid; `?` stands for what doesn't.
    private let agrees: (Unicode.Scalar) -> Bool

    package init(width: Int, height: Int, agrees: @escaping (Unicode.Scalar) -> Bool) {
        self.width = width
        self.height = height
        self.agrees = agrees
    }

    package func bytes(_ runs: [CellGrid.Run], of grid: CellGrid) -> [UInt8] {
        var bytes: [UInt8] = []
        var style: Style?
        for run in runs where run.y < height {
            // Positions count from 1.
            bytes += Array("\u{1b}[\(run.y + 1);\(run.columns.lowerBound + 1)H".utf8)
            for x in run.columns where x < width {
                let cell = grid[x, run.y]
                guard !cell.isTrailing else { continue }
                if cell.style != style {
                    style = cell.style
                    bytes += Array(Self.attributes(cell.style).utf8)
                }
                append(cell.scalar, columnsLeft: width - x, to: &bytes)
            }
        }
        // Curses believes that nothing is set.
        if style != nil { bytes += Array("\u{1b}[0m".utf8) }
        return bytes
    }

    private func append(_ scalar: Unicode.Scalar, columnsLeft: Int, to bytes: inout [UInt8]) {
        let columns = max(1, DisplayWidth.columns(of: scalar))
        if columns <= columnsLeft, agrees(scalar) {
            bytes += Array(String(scalar).utf8)
        } else {
            bytes += Array(repeating: UInt8(ascii: "?"), count: min(columns, columnsLeft))
        }
    }

    /// Select Graphic Rendition: everything off, and then what the style says.
    private static func attributes(_ style: Style) -> String {
        var codes = "0"
        let set: [(Style.Attributes, String)] = [(.bold, "1"), (.dim, "2"), (.underline, "4"), (.reverse, "7")]
        for (attribute, code) in set where style.attributes.contains(attribute) { codes += ";" + code }
        return "\u{1b}[" + codes + color(style.foreground, base: 30) + color(style.background, base: 40) + "m"
    }

    private static func color(_ color: Color, base: Int) -> String {
        switch color {
        case .terminal: ""
        case .indexed(let index) where index < 8: ";\(base + Int(index))"
        case .indexed(let index) where index < 16: ";\(base + 60 + Int(index) - 8)"
        case .indexed(let index): ";\(base + 8);5;\(index)"
        case .rgb(let red, let green, let blue): ";\(base + 8);2;\(red);\(green);\(blue)"
        }
    }
}
