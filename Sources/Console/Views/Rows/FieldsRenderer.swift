import Server
import Terminal

/// Draws labels and values, in two columns where there is room.
struct FieldsRenderer: CanvasRenderer {
    let canvas: Canvas

    /// Lines of one or two fields, from the top of an area.
    func draw(_ lines: [[DetailText.Field]], in area: Range<Int>) {
        let isTwoColumns = grid.width >= DetailText.twoColumnWidth
        let narrow = isTwoColumns ? max(0, canvas.inner - 4) / 2 : max(0, canvas.inner - 2)
        for (y, line) in zip(area, lines) {
            for (column, field) in line.enumerated() {
                draw(field, x: 2 + column * (narrow + 2), y: y, width: field.isWide ? max(0, canvas.inner - 2) : narrow)
            }
        }
    }

    private func draw(_ field: DetailText.Field, x: Int, y: Int, width: Int) {
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
