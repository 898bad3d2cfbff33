import Server
import Terminal

/// Draws cells of slots as glyphs and colours: for the slots' view and the plans of the reshard wizard.
struct SlotCellsRenderer: CanvasRenderer {
    let canvas: Canvas

    /// Draws a chart, two of its rows in one line where `isDoubled`.
    /// - Parameter cursor: the slot to stand out; nil for none.
    func draw(_ chart: SlotChart, at area: Rect, isDoubled: Bool, cursor: Int?) {
        let columns = chart.grid.columns
        let chosen = cursor.map(chart.grid.cell)
        for line in 0..<area.height {
            for column in 0..<min(columns, area.width) {
                let upper = (isDoubled ? 2 * line : line) * columns + column
                guard upper < chart.cells.count else { return }
                let lower = isDoubled && upper + columns < chart.cells.count ? upper + columns : nil
                var (glyph, style) =
                    lower.map { blocks(chart.cells[upper], chart.cells[$0]) } ?? look(chart.cells[upper])
                if chosen == upper || lower.map({ $0 == chosen }) == true {
                    (glyph, style) = cursorLook(glyph, style, isLower: chosen == lower, isDoubled: lower != nil)
                }
                grid[area.x + column, area.y + line] = Cell(glyph, style: style)
            }
        }
    }

    /// Two cells, one above the other, as one half block.
    private func blocks(_ upper: SlotChart.Cell, _ lower: SlotChart.Cell) -> (Unicode.Scalar, Style) {
        for cell in [upper, lower] {
            if case .moving(let from, let to) = cell {
                return ("▞", Style(foreground: color(ofShard: from), background: color(ofShard: to)))
            }
        }
        if upper == lower, let same = whole(upper) { return same }
        return ("▀", Style(foreground: color(of: upper), background: color(of: lower)))
    }

    /// Both halves alike: what says more than a block, or a full one.
    private func whole(_ cell: SlotChart.Cell) -> (Unicode.Scalar, Style)? {
        switch cell {
        case .owner(let shard): ("█", Style(foreground: color(ofShard: shard), background: theme[.text].background))
        case .heat(let level) where level > 0:
            ("█", Style(foreground: color(of: cell), background: theme[.text].background))
        case .heat, .unknown, .faded: look(cell)
        case .moving: nil
        }
    }

    private func color(of cell: SlotChart.Cell) -> Color {
        switch cell {
        case .owner(let shard), .moving(let shard, _): color(ofShard: shard)
        case .heat(let level) where level > 0: theme[.heat(level)].foreground
        case .heat, .unknown, .faded: theme[.text].background
        }
    }

    func color(ofShard place: Int) -> Color { theme[.series(place)].foreground }

    /// One cell as one glyph.
    private func look(_ cell: SlotChart.Cell) -> (Unicode.Scalar, Style) {
        switch cell {
        case .owner(let shard): (Self.letter(ofShard: shard), theme[.series(shard)])
        case .moving(_, let target): (Self.capital(ofShard: target), theme[.slotMoving])
        case .heat(let level): look(heat: level)
        case .unknown: ("?", theme[.textDim])
        case .faded: (glyphs.isUnicode ? "·" : ".", theme[.textDim])
        }
    }

    func look(heat level: Int) -> (Unicode.Scalar, Style) {
        guard level > 0 else { return (glyphs.isUnicode ? "·" : ".", theme[.textDim]) }
        let shades: [Unicode.Scalar] = glyphs.isUnicode ? ["░", "▒", "▓", "█"] : ["-", "+", "#", "@"]
        return (shades[min(level, shades.count) - 1], theme[.heat(level)])
    }

    private func cursorLook(
        _ glyph: Unicode.Scalar,
        _ style: Style,
        isLower: Bool,
        isDoubled: Bool
    ) -> (Unicode.Scalar, Style) {
        guard isDoubled else { return (glyph, theme[.tableSelected]) }
        // The half under the cursor in the colour of the strongest text, the other as it is.
        let strong = theme[.textStrong].foreground
        let other = isLower || glyph != "▀" ? style.foreground : style.background
        return isLower
            ? ("▄", Style(foreground: strong, background: other)) : ("▀", Style(foreground: strong, background: other))
    }

    /// `a` to `z`, then from the start.
    static func letter(ofShard place: Int) -> Unicode.Scalar { Unicode.Scalar(UInt8(ascii: "a") + UInt8(place % 26)) }

    /// The target of slots under way.
    static func capital(ofShard place: Int) -> Unicode.Scalar { Unicode.Scalar(UInt8(ascii: "A") + UInt8(place % 26)) }
}
