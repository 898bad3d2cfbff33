import Server
import Terminal

/// Draws the last line: what is being typed, a notice, or the keys of use now.
struct BottomRenderer: CanvasRenderer {
    let canvas: Canvas
    let input: InputLine
    let candidates: [Completion.Candidate]
    /// The candidate that Tab has chosen.
    let selected: Int?
    let notice: Notice?
    let hints: [(key: String, label: String)]
    /// Its line.
    let y: Int

    func draw() {
        switch input {
        case .command(let editor):
            drawCandidates()
            draw(":", editor)
        case .filter(let editor): draw("/", editor)
        case .prompt(let prompt, let editor): draw(prompt.label, editor)
        case .none:
            if let notice {
                draw(notice)
            } else {
                drawHints()
            }
        }
    }

    private func draw(_ prompt: String, _ editor: LineEditor) {
        grid.fill(Rect(x: 1, y: y, width: canvas.inner, height: 1), style: theme[.input])
        let x = 2 + grid.put(prompt, x: 2, y: y, style: theme[.key], maxWidth: max(0, grid.width - 4))
        canvas.input(editor, in: Rect(x: x, y: y, width: max(0, grid.width - 1 - x), height: 1))
    }

    /// What Tab would fill in, above the command line.
    private func drawCandidates() {
        let most = max(0, min(8, y - 4))
        guard most > 0, !candidates.isEmpty else { return }
        let first = max(0, min((selected ?? 0) - most + 1, candidates.count - most))
        let shown = candidates[first..<min(candidates.count, first + most)]
        let column = min(26, (shown.map { SafeText.width($0.word) }.max() ?? 0) + 2)
        for (offset, candidate) in shown.enumerated() {
            let line = y - shown.count + offset
            let isSelected = selected == first + offset
            let style = isSelected ? theme[.tableSelected] : theme[.dialog]
            grid.fill(Rect(x: 1, y: line, width: canvas.inner, height: 1), style: style)
            let word = SafeText.fitted(candidate.word, to: column, ellipsis: glyphs.ellipsis)
            if isSelected { grid.put(String(glyphs.marker), x: 1, y: line, style: style) }
            canvas.put(word, x: 3, y: line, style: style)
            canvas.put(
                candidate.description,
                x: 3 + column,
                y: line,
                style: isSelected ? style : theme[.textDim].on(style.background)
            )
        }
    }

    private func draw(_ notice: Notice) {
        let style: Style =
            switch notice.severity {
            case .info: theme[.hint]
            case .success: theme[.good]
            case .warning: theme[.warn]
            case .error: theme[.bad]
            }
        grid.put(
            " \(SafeText.truncated(notice.text, to: max(0, grid.width - 6), ellipsis: glyphs.ellipsis)) ",
            x: 2,
            y: y,
            style: style,
            maxWidth: max(0, grid.width - 4)
        )
    }

    /// As many hints as fit whole, the way out and the help first.
    private func drawHints() {
        for place in HintLine.places(hints, width: grid.width) {
            let x = place.columns.lowerBound
            let used = grid.put(" \(place.key)", x: x, y: y, style: theme[.key])
            grid.put(" \(place.label) ", x: x + used, y: y, style: theme[.hint])
        }
    }
}
