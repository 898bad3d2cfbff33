import Server
import Terminal

/// Draws what lies over a view, or stands in its place.
struct OverlayRenderer: CanvasRenderer {
    let canvas: Canvas
    let table: CommandTable

    func drawTooSmall() {
        let have = "has \(grid.width)x\(grid.height)"
        let need = "needs \(DashboardLayout.minimumWidth)x\(DashboardLayout.minimumHeight)"
        let quit = table.commands.first { $0.handler == .quit }?.keys.first?.name ?? ""
        let lines = ["terminal too small", need, have, "\(quit) quits"]
        let top = max(0, (grid.height - lines.count) / 2)
        for (offset, line) in lines.enumerated() {
            let x = max(0, (grid.width - line.utf8.count) / 2)
            grid.put(line, x: x, y: top + offset, style: theme[offset == 0 ? .warn : .text])
        }
    }

    func draw(_ dialog: ConfirmDialog) {
        let layout = DialogLayout(dialog, in: grid.bounds)
        let box = layout.box
        grid.fill(box, style: theme[.dialog])
        grid.box(box, glyphs: glyphs, style: theme[.dialog], title: dialog.title, titleStyle: theme[.dialogTitle])
        for (line, y) in zip(layout.lines, box.y + 1..<max(box.y + 1, layout.field?.y ?? layout.cancel.y)) {
            grid.put(line, x: box.x + 2, y: y, style: theme[.dialog], maxWidth: max(0, box.width - 4))
        }
        if let typed = dialog.typed, let field = layout.field {
            canvas.input(typed.editor, in: field, placeholder: typed.text)
        }
        grid.put(
            DialogLayout.cancelText,
            x: layout.cancel.x,
            y: layout.cancel.y,
            style: theme[dialog.isConfirmFocused ? .dialogButton : .dialogButtonSelected],
            maxWidth: layout.cancel.width
        )
        let confirm: Style =
            dialog.isConfirmFocused
            ? theme[.dialogButtonSelected]
            : dialog.isAllowed ? theme[.dialogDanger] : theme[.textDim].on(theme[.dialog].background)
        grid.put(
            DialogLayout.text(ofConfirm: dialog),
            x: layout.confirm.x,
            y: layout.confirm.y,
            style: confirm,
            maxWidth: layout.confirm.width
        )
    }

    /// Beside a description all commands are equally wide: as `:switchover [NAME]`.
    private static let commandWidth = 19

    func drawHelp(top: Int) {
        let layout = HelpLayout(width: grid.width, height: grid.height)
        let lines = HelpText.rows(table, width: layout.textWidth)
        let box = layout.box
        grid.fill(box, style: theme[.dialog])
        grid.box(
            box,
            glyphs: glyphs,
            style: theme[.dialog],
            title: "Keys and commands",
            titleStyle: theme[.dialogTitle]
        )
        let rows = layout.lines
        let start = min(max(0, top), max(0, lines.count - rows))
        let keyWidth = min(lines.map { SafeText.width($0.keys) }.max() ?? 0, box.width / 3)
        for (offset, line) in lines.dropFirst(start).prefix(rows).enumerated() {
            draw(line, keyWidth: keyWidth, in: box, y: box.y + 1 + offset)
        }
        let more = start + rows < lines.count ? "more below" : "that is all"
        let foot = SafeText.truncated("\(more); \(HelpText.closing(table))", to: layout.textWidth)
        grid.put(foot, x: box.x + 2, y: layout.foot, style: theme[.hint].on(theme[.dialog].background))
    }

    private func draw(_ line: HelpText.Line, keyWidth: Int, in box: Rect, y: Int) {
        let background = theme[.dialog].background
        var x = box.x + 2
        let end = box.endX - 1
        if !line.command.isEmpty {
            x += grid.put(
                SafeText.fitted(line.keys, to: keyWidth, ellipsis: glyphs.ellipsis) + "  ",
                x: x,
                y: y,
                style: theme[.key].on(background),
                maxWidth: max(0, end - x)
            )
            let width = line.description.isEmpty ? max(0, end - x - 1) : Self.commandWidth
            let name = SafeText.fitted(line.command, to: width, ellipsis: glyphs.ellipsis)
            x += grid.put(name + " ", x: x, y: y, style: theme[.dialog], maxWidth: max(0, end - x))
        }
        let text = SafeText.truncated(line.description, to: max(0, end - x), ellipsis: glyphs.ellipsis)
        grid.put(text, x: x, y: y, style: theme[.textDim].on(background))
    }
}
