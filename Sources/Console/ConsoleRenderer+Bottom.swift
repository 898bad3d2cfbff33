import Server
import Terminal

extension ConsoleRenderer {
    /// The last line: what is being typed, a notice, or the keys of use now.
    mutating func drawBottom() {
        let y = layout.bottom
        switch state.input {
        case .command(let editor):
            drawCandidates(state.candidates(for: editor), above: y)
            drawInput(":", editor, y: y)
        case .filter(let editor): drawInput("/", editor, y: y)
        case .prompt(let prompt, let editor): drawInput(prompt.label, editor, y: y)
        case .none:
            if let notice = state.notice {
                drawNotice(notice, y: y)
            } else {
                drawHints(y: y)
            }
        }
    }

    private mutating func drawInput(_ prompt: String, _ editor: LineEditor, y: Int) {
        grid.fill(Rect(x: 1, y: y, width: inner, height: 1), style: theme[.input])
        let x = 2 + grid.put(prompt, x: 2, y: y, style: theme[.key], maxWidth: max(0, grid.width - 4))
        draw(editor, in: Rect(x: x, y: y, width: max(0, grid.width - 1 - x), height: 1))
    }

    /// What is being typed, with its cursor; `placeholder` as long as nothing is.
    mutating func draw(_ editor: LineEditor, in field: Rect, placeholder: String = "") {
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

    /// What Tab would fill in, above the command line.
    private mutating func drawCandidates(_ candidates: [Completion.Candidate], above y: Int) {
        let selected = state.completion?.selected
        let most = max(0, min(8, y - 4))
        guard most > 0, !candidates.isEmpty else { return }
        let first = max(0, min((selected ?? 0) - most + 1, candidates.count - most))
        let shown = candidates[first..<min(candidates.count, first + most)]
        let column = min(26, (shown.map { SafeText.width($0.word) }.max() ?? 0) + 2)
        for (offset, candidate) in shown.enumerated() {
            let line = y - shown.count + offset
            let isSelected = selected == first + offset
            let style = isSelected ? theme[.tableSelected] : theme[.dialog]
            grid.fill(Rect(x: 1, y: line, width: inner, height: 1), style: style)
            let word = SafeText.fitted(candidate.word, to: column, ellipsis: glyphs.ellipsis)
            if isSelected { grid.put(String(glyphs.marker), x: 1, y: line, style: style) }
            put(word, x: 3, y: line, style: style)
            put(
                candidate.description,
                x: 3 + column,
                y: line,
                style: isSelected ? style : theme[.textDim].on(style.background)
            )
        }
    }

    private mutating func drawNotice(_ notice: ConsoleState.Notice, y: Int) {
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
    private mutating func drawHints(y: Int) {
        for place in HintLine.places(state.hints, width: grid.width) {
            let x = place.columns.lowerBound
            let used = grid.put(" \(place.key)", x: x, y: y, style: theme[.key])
            grid.put(" \(place.label) ", x: x + used, y: y, style: theme[.hint])
        }
    }
}

extension ConsoleState {
    /// Keys and labels of the commands that are of use now, from the table that dispatches them.
    package var hints: [(key: String, label: String)] {
        if isInWizard, reshard.wizard.takesText { return typingHints }
        let isOnTable = view.isOfRows && focus == .table && !rows.isEmpty
        // An opened row can be started and stopped; there is nothing to sort.
        let aboutDetail: [ConsoleCommand.Handler] =
            view == .shard ? [.start, .stop, .copy, .open] : [.start, .stop, .copy]
        var first: [(String, String)] = []
        var own: [(String, String)] = []
        var others: [(String, String)] = []
        // What can be done here comes before where else one could go.
        var otherView: [(String, String)] = []
        for command in table.commands where command.isFor(view) {
            let label: String? =
                switch command.hint {
                case .onTable where view == .reshard: reshardHint(command.handler)
                case .never: nil
                case .always where view == .reshard && [.nextPanel, .reshard].contains(command.handler):
                    reshardHint(command.handler)
                case .always(let label): label
                case .onTable(let label):
                    isOnTable && (detail == nil || aboutDetail.contains(command.handler)) ? label : nil
                case .onShard(let label): isOnTable && pointed != .cluster ? label : nil
                case .onGraph(let label): view.isOfRows && !layout.graph.isEmpty ? label : nil
                case .inGraph(let label): view.isOfRows && focus == .graph ? label : nil
                case .inReshard: reshardHint(command.handler)
                case .inView(let label): label
                case .onKey(let label): keysView.pointed == nil ? nil : label
                case .otherView(let label): command.handler == .view(view) ? nil : label
                case .onSelection(let label): selectedThing == nil ? nil : label
                case .whenBackLeads(let label): canGoBack ? label : nil
                }
            guard let label, let key = command.keys.first else { continue }
            let isWayOut = [.quit, .help, .back].contains(command.handler)
            if view == .reshard, command.handler == .back || reshardHint(command.handler) != nil {
                own.append((key.name, label))
            } else if isWayOut {
                first.append((key.name, label))
            } else if case .otherView = command.hint {
                otherView.append((key.name, label))
            } else {
                others.append((key.name, label))
            }
        }
        // What this step asks for comes before what is the same everywhere.
        return (own + first.reversed() + others + otherView).map { (key: $0.0, label: $0.1) }
    }
}
