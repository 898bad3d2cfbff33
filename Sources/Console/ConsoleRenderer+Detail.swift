import Server
import Terminal

extension ConsoleRenderer {
    /// The fields of the opened row, in the table's place; two columns where there is room.
    mutating func drawDetail() {
        guard let id = state.detail, let row = state.row(id) else { return }
        let fields = DetailText.fields(row, in: state)
        let lines = DetailText.lineCount(fields: fields.count, width: grid.width)
        let area = layout.tableHeader..<layout.tableRows.upperBound
        let top = min(max(0, state.detailTop), max(0, lines - area.count))
        let columnWidth = lines == fields.count ? max(0, inner - 2) : max(0, inner - 4) / 2
        for (index, field) in fields.enumerated() {
            let (column, line) = (index / max(1, lines), index % max(1, lines))
            guard line >= top, line - top < area.count else { continue }
            draw(field, x: 2 + column * (columnWidth + 2), y: area.lowerBound + line - top, width: columnWidth)
        }
    }

    private mutating func draw(_ field: DetailText.Field, x: Int, y: Int, width: Int) {
        let label = 15
        grid.put(
            SafeText.fitted(field.label, to: min(label, width), ellipsis: glyphs.ellipsis),
            x: x,
            y: y,
            style: theme[.textDim]
        )
        let room = max(0, width - label)
        grid.put(
            SafeText.truncated(field.value, to: room, ellipsis: glyphs.ellipsis),
            x: x + label,
            y: y,
            style: theme[.text],
            maxWidth: room
        )
    }
}
