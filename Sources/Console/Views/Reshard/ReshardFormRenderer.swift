import Model
import Resharding
import Routing
import Terminal

/// Draws names and addresses of new shards, and what was found there.
struct ReshardFormRenderer: CanvasRenderer {
    let canvas: Canvas

    /// Columns of the form's fields.
    private static let fieldWidths = [16, 24]

    private enum FormLine {
        case row(Int)
        /// A line of what was found; the sign stands before the first one.
        case verdict(Bool?, String)
        case more(Bool?, String)
        case buttons
    }

    func draw(_ wizard: ReshardWizard, _ area: Rect) {
        guard area.height > 1 else { return }
        let fields = Self.fields(area)
        for (field, title) in zip(fields, ["NAME", "ADDRESS", "REPLICAS, commas between"]) {
            canvas.put(SafeText.truncated(title, to: field.width), x: field.x, y: area.y, style: theme[.tableHeader])
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
        let lines = Canvas.wrapped(text, width: max(1, area.width - 4)).prefix(3)
        return lines.enumerated().map { $0 == 0 ? .verdict(isGood, $1) : .more(isGood, $1) }
    }

    private static func fields(_ area: Rect) -> [Rect] {
        let rest = max(8, area.width - fieldWidths.reduce(0, +) - 6)
        let parts = Rect(x: area.x + 2, y: 0, width: area.width - 2, height: 1)
        return parts.columns([.fixed(fieldWidths[0]), .fixed(fieldWidths[1]), .fixed(rest)], gap: 2)
    }

    private func draw(_ line: FormLine, _ wizard: ReshardWizard, _ area: Rect, y: Int) {
        switch line {
        case .row(let row):
            for (field, rect) in zip(NewShardForm.Field.allCases, Self.fields(area)) {
                let isFocused = wizard.form.focus == .field(row: row, field)
                if isFocused, field == .name {
                    grid.put(String(glyphs.marker), x: area.x, y: y, style: theme[.textStrong])
                }
                canvas.field(
                    wizard.form.rows[row][field],
                    Rect(x: rect.x, y: y, width: rect.width, height: 1),
                    isFocused
                )
            }
        case .verdict(let isGood, let text): canvas.verdict(isGood, text, x: area.x + 2, y: y, width: area.width - 2)
        case .more(let isGood, let text):
            canvas.put(text, x: area.x + 4, y: y, style: isGood == false ? theme[.bad] : theme[.text])
        case .buttons:
            var x = area.x + 2
            for (focus, label) in [(NewShardForm.Focus.onward, "[ go on ]"), (.another, "[ another shard ]")] {
                let isFocused = wizard.form.focus == focus
                let style = isFocused ? theme[.tableSelected] : theme[.text]
                x += grid.put(label, x: x, y: y, style: style, maxWidth: max(0, area.endX - x)) + 2
            }
        }
    }
}
