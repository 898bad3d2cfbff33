import Resharding
import Server
import Terminal

/// The view of resharding: the wizard's steps, a job that runs, what the last one came to.
extension ConsoleRenderer {
    mutating func drawReshardView() {
        let layout = ViewLayout(height: grid.height)
        drawInformation(layout.information)
        let wizard = state.reshard.wizard
        if let row = layout.title { drawDivider(row, title: reshardTitle, isFocused: true) }
        var area = Rect(x: 2, y: layout.body.lowerBound, width: inner - 2, height: layout.body.count)
        drawFoot(wizard, &area)
        guard state.reshard.isOpen || wizard.job != nil else {
            put("no reshard runs, and none is known", y: area.y, style: theme[.text])
            let text = "\(reshardKey) begins one: add or remove shards, move slots"
            for (line, y) in zip(Self.wrapped(text, width: area.width), area.y + 1..<max(area.y + 1, area.endY)) {
                put(line, y: y, style: theme[.textDim])
            }
            return
        }
        drawRail(wizard, &area)
        draw(wizard, area)
    }

    private mutating func draw(_ wizard: ReshardWizard, _ area: Rect) {
        switch state.reshard.shownStep {
        case .goal: drawGoals(wizard, area)
        case .details:
            switch wizard.goal {
            case .add: drawForm(wizard, area)
            case .remove: drawLeaving(wizard, area)
            default: drawSlotsToMove(wizard, area)
            }
        case .policies: drawPolicies(wizard, area)
        case .plan: drawPlan(wizard, area)
        case .rehearsal: drawRehearsal(wizard, area)
        case .confirm: drawConfirmation(wizard, area)
        case .progress, .summary: drawJob(wizard, area)
        }
    }

    private var reshardTitle: String {
        let cluster = state.snapshot?.status.cluster ?? "cluster"
        guard state.reshard.isOpen else { return "\(cluster)\(crumb)reshard" }
        let wizard = state.reshard.wizard
        let at = (wizard.trail.firstIndex(of: wizard.step) ?? 0) + 1
        return "\(cluster)\(crumb)reshard\(separator)step \(at) of \(wizard.trail.count)"
    }

    private var reshardKey: String { state.table.commands.first { $0.handler == .reshard }?.keys.first?.name ?? "" }

    /// The steps there are, this one standing out.
    private mutating func drawRail(_ wizard: ReshardWizard, _ area: inout Rect) {
        guard state.reshard.isOpen, area.height > 8, area.width >= 72 else { return }
        var x = area.x
        for step in wizard.trail {
            let isHere = step == wizard.step
            if step != wizard.trail.first { x += grid.put(crumb, x: x, y: area.y, style: theme[.textDim]) }
            let style = isHere ? theme[.title] : theme[.textDim]
            x += grid.put(Self.name(step, wizard.goal), x: x, y: area.y, style: style)
        }
        area = Rect(x: area.x, y: area.y + 2, width: area.width, height: area.height - 2)
    }

    static func name(_ step: ReshardWizard.Step, _ goal: ReshardWizard.Goal) -> String {
        switch step {
        case .goal: "what"
        case .details: goal == .add ? "nodes" : goal == .remove ? "shards" : "slots"
        case .policies: "policy"
        case .plan: "plan"
        case .rehearsal: "rehearsal"
        case .confirm: "confirm"
        case .progress: "progress"
        case .summary: "summary"
        }
    }

    /// The lowest lines: why it does not go on, and the command that does the same.
    private mutating func drawFoot(_ wizard: ReshardWizard, _ area: inout Rect) {
        let step = state.reshard.shownStep
        let isBeforeJob = step.rawValue < ReshardWizard.Step.progress.rawValue && step != .goal
        var lines: [(String, Style)] = []
        if let message = wizard.problem ?? wizard.message, state.reshard.isOpen || wizard.problem != nil {
            lines += Self.wrapped(message, width: max(1, area.width)).prefix(3).map { ($0, theme[.warn]) }
        }
        if isBeforeJob, state.reshard.isOpen, area.height >= 12, let command = wizard.command {
            lines.append(("$ \(command)", theme[.textDim]))
        }
        guard area.height > lines.count + 2 else { return }
        for (index, line) in lines.enumerated() {
            put(line.0, y: area.endY - lines.count + index, style: line.1)
        }
        let taken = lines.isEmpty ? 0 : lines.count + 1
        area = Rect(x: area.x, y: area.y, width: area.width, height: max(0, area.height - taken))
    }

    // MARK: What several steps draw

    /// A column of a table: right-aligned unless it is a name.
    struct ReshardColumn {
        var title: String
        var width: Int
        var isName = false
    }

    /// Titles, and rows of texts below them; what has no place at the right is left out.
    mutating func drawColumns(_ columns: [ReshardColumn], _ rows: [[String]], _ area: Rect, styles: [Style] = []) {
        guard area.height > 0 else { return }
        drawCells(
            columns,
            columns.map(\.title),
            Rect(x: area.x, y: area.y, width: area.width, height: 1),
            theme[.tableHeader]
        )
        for (index, row) in rows.prefix(max(0, area.height - 1)).enumerated() {
            let line = Rect(x: area.x, y: area.y + 1 + index, width: area.width, height: 1)
            drawCells(columns, row, line, index < styles.count ? styles[index] : theme[.tableRow])
        }
    }

    private mutating func drawCells(_ columns: [ReshardColumn], _ texts: [String], _ line: Rect, _ style: Style) {
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
    mutating func drawParagraph(_ text: String, _ area: Rect, style: Style? = nil) -> Int {
        let lines = Self.wrapped(text, width: max(1, area.width))
        for (index, line) in lines.prefix(max(0, area.height)).enumerated() {
            put(line, x: area.x, y: area.y + index, style: style ?? theme[.text])
        }
        return min(lines.count, max(0, area.height))
    }

    /// `ok`, `x` or a spinner before a line.
    mutating func drawVerdict(_ isGood: Bool?, _ text: String, x: Int, y: Int, width: Int) {
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
    func scrolled<Line>(_ lines: [Line], by top: Int, visible: Int) -> ArraySlice<Line> {
        let start = min(max(0, top), max(0, lines.count - visible))
        return lines[start...].prefix(max(0, visible))
    }

    /// A bar of so many columns, with this share of it done.
    mutating func drawBar(_ share: Double, x: Int, y: Int, width: Int) {
        guard width > 0 else { return }
        let done = Int((min(max(0, share), 1) * Double(width)).rounded(.down))
        grid.fill(Rect(x: x, y: y, width: done, height: 1), with: glyphs.barFull, style: theme[.progressDone])
        let left = Rect(x: x + done, y: y, width: width - done, height: 1)
        grid.fill(left, with: glyphs.barEmpty, style: theme[.progressLeft])
    }

    /// `12.3k keys, 900 KiB`; without counts only what is known.
    static func amount(_ amount: ReshardAmount) -> String {
        let keys = Int(clamping: amount.keys)
        return
            "\(NumberFormat.short(keys)) \(keys == 1 ? "key" : "keys"), \(NumberFormat.bytes(Int(clamping: amount.bytes)))"
    }
}
