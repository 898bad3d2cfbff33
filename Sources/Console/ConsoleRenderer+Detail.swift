import Server
import Terminal

extension ConsoleRenderer {
    /// The fields of the opened row, in the table's place; two columns where there is room.
    mutating func drawDetail() {
        guard let id = state.detail, let row = state.row(id) else { return }
        let lines = DetailText.lines(DetailText.fields(row, in: state), width: grid.width)
        let area = layout.tableHeader..<layout.tableRows.upperBound
        let top = min(max(0, state.detailTop), max(0, lines.count - area.count))
        draw(Array(lines.dropFirst(top)), in: area)
    }

    /// Lines of one or two fields, from the top of an area.
    mutating func draw(_ lines: [[DetailText.Field]], in area: Range<Int>) {
        let isTwoColumns = grid.width >= DetailText.twoColumnWidth
        let narrow = isTwoColumns ? max(0, inner - 4) / 2 : max(0, inner - 2)
        for (y, line) in zip(area, lines) {
            for (column, field) in line.enumerated() {
                draw(field, x: 2 + column * (narrow + 2), y: y, width: field.isWide ? max(0, inner - 2) : narrow)
            }
        }
    }

    private mutating func draw(_ field: DetailText.Field, x: Int, y: Int, width: Int) {
        let label = DetailText.labelWidth
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
