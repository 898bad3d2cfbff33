import Terminal

/// Tables, paragraphs, bars and fields: what several views draw.
extension Canvas {
    /// A column of a table: right-aligned unless it is a name.
    struct Column {
        var title: String
        var width: Int
        var isName = false
    }

    /// Titles, and rows of texts below them; what has no place at the right is left out.
    func table(_ columns: [Column], _ rows: [[String]], _ area: Rect) {
        guard area.height > 0 else { return }
        let titles = Rect(x: area.x, y: area.y, width: area.width, height: 1)
        cells(columns, columns.map(\.title), titles, theme[.tableHeader])
        for (index, row) in rows.prefix(max(0, area.height - 1)).enumerated() {
            let line = Rect(x: area.x, y: area.y + 1 + index, width: area.width, height: 1)
            cells(columns, row, line, theme[.tableRow])
        }
    }

    private func cells(_ columns: [Column], _ texts: [String], _ line: Rect, _ style: Style) {
        var x = line.x
        for (column, text) in zip(columns, texts) {
            guard x + column.width <= line.endX else { return }
            let align: SafeText.Alignment = column.isName ? .left : .right
            let cell = SafeText.fitted(text, to: column.width, align: align, ellipsis: glyphs.ellipsis)
            x += grid.put(cell, x: x, y: line.y, style: style) + 2
        }
    }

    /// Text over as many lines as it needs; returns how many it took.
    @discardableResult
    func paragraph(_ text: String, _ area: Rect, style: Style? = nil) -> Int {
        let lines = Self.wrapped(text, width: max(1, area.width))
        for (index, line) in lines.prefix(max(0, area.height)).enumerated() {
            put(line, x: area.x, y: area.y + index, style: style ?? theme[.text])
        }
        return min(lines.count, max(0, area.height))
    }

    /// `ok`, `x` or a spinner before a line.
    func verdict(_ isGood: Bool?, _ text: String, x: Int, y: Int, width: Int) {
        let (sign, style) =
            switch isGood {
            case true?: (glyphs.isUnicode ? "✓" : "+", theme[.good])
            case false?: ("x", theme[.bad])
            case nil: (spinner, theme[.textDim])
            }
        grid.put(sign, x: x, y: y, style: style, maxWidth: max(0, width))
        let room = max(0, width - 2)
        grid.put(
            SafeText.truncated(text, to: room, ellipsis: glyphs.ellipsis),
            x: x + 2,
            y: y,
            style: isGood == false ? theme[.bad] : theme[.text],
            maxWidth: room
        )
    }

    /// The lines below the first, so that a list can be scrolled; the last one can be reached, and no more.
    static func scrolled<Line>(_ lines: [Line], by top: Int, visible: Int) -> ArraySlice<Line> {
        let start = min(max(0, top), max(0, lines.count - visible))
        return lines[start...].prefix(max(0, visible))
    }

    /// A bar of so many columns, with this share of it done.
    func bar(_ share: Double, x: Int, y: Int, width: Int) {
        guard width > 0 else { return }
        let done = Int((min(max(0, share), 1) * Double(width)).rounded(.down))
        grid.fill(Rect(x: x, y: y, width: done, height: 1), with: glyphs.barFull, style: theme[.progressDone])
        let left = Rect(x: x + done, y: y, width: width - done, height: 1)
        grid.fill(left, with: glyphs.barEmpty, style: theme[.progressLeft])
    }

    /// What is being typed, with its cursor; `placeholder` as long as nothing is.
    func input(_ editor: LineEditor, in field: Rect, placeholder: String = "") {
        let style = theme[.input]
        grid.fill(field, style: style)
        // The end of a long line is what is being typed; the cursor needs a cell behind it.
        var before = SafeText.display(editor.beforeCursor).unicodeScalars[...]
        var width = SafeText.width(String(before))
        while width > max(0, field.width - 2), let first = before.popFirst() {
            width -= max(0, SafeText.width(String(first)))
        }
        var x = field.x
        x += grid.put(String(before), x: x, y: field.y, style: style, maxWidth: field.width)
        let after = SafeText.display(editor.isEmpty ? placeholder : editor.afterCursor)
        x += grid.put(
            after.isEmpty ? " " : String(after.prefix(1)),
            x: x,
            y: field.y,
            style: theme[.inputCursor],
            maxWidth: max(0, field.endX - x)
        )
        let rest = editor.isEmpty ? theme[.textDim].on(style.background) : style
        grid.put(String(after.dropFirst()), x: x, y: field.y, style: rest, maxWidth: max(0, field.endX - x))
    }

    /// A field of a form: its text and, if the keyboard is in it, the cursor.
    func field(_ editor: LineEditor, _ area: Rect, _ isFocused: Bool) {
        grid.fill(area, style: theme[.input])
        guard isFocused else {
            let text = SafeText.truncated(editor.text, to: area.width, ellipsis: glyphs.ellipsis)
            grid.put(text, x: area.x, y: area.y, style: theme[.input], maxWidth: area.width)
            return
        }
        // What is being typed is in sight, whatever its length.
        var before = Array(SafeText.display(editor.beforeCursor).unicodeScalars)[...]
        while before.reduce(0, { $0 + SafeText.width(String($1)) }) + 1 > area.width, !before.isEmpty {
            before.removeFirst()
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: before)
        var x = area.x + grid.put(String(text), x: area.x, y: area.y, style: theme[.input], maxWidth: area.width)
        let after = editor.afterCursor
        let cursor = after.isEmpty ? " " : String(after.prefix(1))
        x += grid.put(cursor, x: x, y: area.y, style: theme[.inputCursor], maxWidth: max(0, area.endX - x))
        grid.put(String(after.dropFirst()), x: x, y: area.y, style: theme[.input], maxWidth: max(0, area.endX - x))
    }
}
