import Resharding
import Routing
import Terminal

/// Names and addresses of new shards, and what was found there.
extension ConsoleRenderer {
    /// Columns of the form's fields.
    private static let fieldWidths = [16, 24]

    private enum FormLine {
        case row(Int)
        /// A line of what was found; the sign stands before the first one.
        case verdict(Bool?, String)
        case more(Bool?, String)
        case buttons
    }

    mutating func drawForm(_ wizard: ReshardWizard, _ area: Rect) {
        guard area.height > 1 else { return }
        let fields = Self.fields(area)
        for (field, title) in zip(fields, ["NAME", "ADDRESS", "REPLICAS, commas between"]) {
            put(SafeText.truncated(title, to: field.width), x: field.x, y: area.y, style: theme[.tableHeader])
        }
        var lines: [FormLine] = []
        var focused = 0
        for index in wizard.form.rows.indices {
            if case .field(let row, _) = wizard.form.focus, row == index { focused = lines.count }
            lines.append(.row(index))
            if let ground = wizard.ground, let problem = wizard.form.problem(ofRow: index, ground: ground) {
                lines += Self.lines(false, problem, area)
            } else {
                for check in wizard.form.checks(ofRow: index) {
                    if case .known(let known)? = wizard.findings[check] {
                        lines += Self.lines(known.isGood, known.text, area)
                    } else {
                        lines += Self.lines(nil, "\(check.address) is being looked at", area)
                    }
                }
            }
        }
        if case .field = wizard.form.focus {} else { focused = lines.count }
        lines.append(.buttons)
        let visible = area.height - 1
        // The focused line and what was found below it stay in sight.
        let top = DashboardLayout.scrolled(
            top: 0,
            selected: min(focused + 2, lines.count - 1),
            visible: visible,
            total: lines.count
        )
        for (offset, line) in lines[top...].prefix(visible).enumerated() {
            draw(line, wizard, area, y: area.y + 1 + offset)
        }
    }

    /// As many lines as the words need, three at the most.
    private static func lines(_ isGood: Bool?, _ text: String, _ area: Rect) -> [FormLine] {
        let lines = wrapped(text, width: max(1, area.width - 4)).prefix(3)
        return lines.enumerated().map { $0 == 0 ? .verdict(isGood, $1) : .more(isGood, $1) }
    }

    private static func fields(_ area: Rect) -> [Rect] {
        let rest = max(8, area.width - fieldWidths.reduce(0, +) - 6)
        let parts = Rect(x: area.x + 2, y: 0, width: area.width - 2, height: 1)
        return parts.columns([.fixed(fieldWidths[0]), .fixed(fieldWidths[1]), .fixed(rest)], gap: 2)
    }

    private mutating func draw(_ line: FormLine, _ wizard: ReshardWizard, _ area: Rect, y: Int) {
        switch line {
        case .row(let row):
            for (field, rect) in zip(NewShardForm.Field.allCases, Self.fields(area)) {
                let isFocused = wizard.form.focus == .field(row: row, field)
                if isFocused, field == .name {
                    grid.put(String(glyphs.marker), x: area.x, y: y, style: theme[.textStrong])
                }
                drawField(wizard.form.rows[row][field], Rect(x: rect.x, y: y, width: rect.width, height: 1), isFocused)
            }
        case .verdict(let isGood, let text): drawVerdict(isGood, text, x: area.x + 2, y: y, width: area.width - 2)
        case .more(let isGood, let text):
            put(text, x: area.x + 4, y: y, style: isGood == false ? theme[.bad] : theme[.text])
        case .buttons:
            var x = area.x + 2
            for (focus, label) in [(NewShardForm.Focus.another, "[ another shard ]"), (.onward, "[ go on ]")] {
                let isFocused = wizard.form.focus == focus
                let style = isFocused ? theme[.tableSelected] : theme[.text]
                x += grid.put(label, x: x, y: y, style: style, maxWidth: max(0, area.endX - x)) + 2
            }
        }
    }

    /// A field with its text and, if the keyboard is in it, the cursor.
    mutating func drawField(_ editor: LineEditor, _ area: Rect, _ isFocused: Bool) {
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
