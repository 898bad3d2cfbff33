import Server
import Terminal

extension ConsoleRenderer {
    mutating func drawTooSmall() {
        let have = "has \(grid.width)x\(grid.height)"
        let need = "needs \(DashboardLayout.minimumWidth)x\(DashboardLayout.minimumHeight)"
        let quit = state.table.commands.first { $0.handler == .quit }?.keys.first?.name ?? ""
        let lines = ["terminal too small", need, have, "\(quit) quits"]
        let top = max(0, (grid.height - lines.count) / 2)
        for (offset, line) in lines.enumerated() {
            let x = max(0, (grid.width - line.utf8.count) / 2)
            grid.put(line, x: x, y: top + offset, style: theme[offset == 0 ? .warn : .text])
        }
    }

    mutating func draw(_ dialog: ConfirmDialog) {
        let cancel = "[ Cancel ]"
        let verb = "[ \(dialog.verb) ]"
        let buttons = cancel.utf8.count + 2 + verb.utf8.count
        let widest = (dialog.lines.map(SafeText.width) + [SafeText.width(dialog.title) + 4, buttons]).max() ?? buttons
        let width = min(max(widest + 6, 30), max(2, grid.width - 2), 76)
        let lines = dialog.lines.flatMap { Self.wrapped($0, width: max(1, width - 4)) }
        let box = grid.bounds.centered(width: width, height: lines.count + 4)
        grid.fill(box, style: theme[.dialog])
        grid.box(box, glyphs: glyphs, style: theme[.dialog], title: dialog.title, titleStyle: theme[.dialogTitle])
        let buttonRow = max(box.y, box.endY - 2)
        for (offset, line) in lines.enumerated() where box.y + 1 + offset < buttonRow {
            grid.put(line, x: box.x + 2, y: box.y + 1 + offset, style: theme[.dialog], maxWidth: max(0, box.width - 4))
        }
        let x = max(box.x + 1, box.endX - 2 - buttons)
        let confirm = theme[.dialogDanger]
        grid.put(
            cancel,
            x: x,
            y: buttonRow,
            style: theme[dialog.isConfirmFocused ? .dialogButton : .dialogButtonSelected],
            maxWidth: max(0, box.endX - 1 - x)
        )
        grid.put(
            verb,
            x: x + cancel.utf8.count + 2,
            y: buttonRow,
            style: dialog.isConfirmFocused ? theme[.dialogButtonSelected] : confirm,
            maxWidth: max(0, box.endX - 1 - x - cancel.utf8.count - 2)
        )
    }

    mutating func drawHelp(top: Int) {
        let lines = HelpText.lines(state.table)
        let widest = lines.map { SafeText.width($0.keys) }.max() ?? 0
        let box = grid.bounds.inset(horizontal: grid.width >= 60 ? 2 : 0, vertical: grid.height >= 20 ? 1 : 0)
        grid.fill(box, style: theme[.dialog])
        grid.box(
            box,
            glyphs: glyphs,
            style: theme[.dialog],
            title: "Keys and commands",
            titleStyle: theme[.dialogTitle]
        )
        let rows = max(0, box.height - 3)
        let start = min(max(0, top), max(0, lines.count - rows))
        let (background, keyWidth) = (theme[.dialog].background, min(widest, box.width / 3))
        for (offset, line) in lines.dropFirst(start).prefix(rows).enumerated() {
            let y = box.y + 1 + offset
            var x = box.x + 2
            let end = box.endX - 1
            x += grid.put(
                SafeText.fitted(line.keys, to: keyWidth, ellipsis: glyphs.ellipsis) + "  ",
                x: x,
                y: y,
                style: theme[.key].on(background),
                maxWidth: max(0, end - x)
            )
            let name = SafeText.fitted(line.command, to: box.width >= 70 ? 19 : 16, ellipsis: glyphs.ellipsis)
            x += grid.put(name + " ", x: x, y: y, style: theme[.dialog], maxWidth: max(0, end - x))
            let text = SafeText.truncated(line.description, to: max(0, end - x), ellipsis: glyphs.ellipsis)
            grid.put(text, x: x, y: y, style: theme[.textDim].on(background))
        }
        let more = start + rows < lines.count ? "more below" : "that is all"
        let foot = SafeText.truncated("\(more); \(HelpText.closing(state.table))", to: max(0, box.width - 4))
        grid.put(foot, x: box.x + 2, y: box.endY - 2, style: theme[.hint].on(background))
    }

    /// Breaks at spaces; a word longer than a line is cut.
    static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in SafeText.display(text).split(separator: " ", omittingEmptySubsequences: false) {
            let candidate = line.isEmpty ? String(word) : "\(line) \(word)"
            if SafeText.width(candidate) <= width || line.isEmpty {
                line = candidate
            } else {
                lines.append(line)
                line = String(word)
            }
        }
        lines.append(line)
        return lines.map { SafeText.truncated($0, to: width) }
    }
}
