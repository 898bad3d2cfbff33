import Model
import Resharding
import Server
import Terminal

/// Draws the view of resharding: the wizard's steps, a job that runs, what the last one came to.
struct ReshardRenderer: CanvasRenderer {
    let canvas: Canvas
    let reshard: ReshardState
    let cluster: String
    /// The name of the key that begins a reshard.
    let beginKey: String
    /// Whether the screen shows colours and half blocks.
    let display: ConsoleDisplay
    let unixSeconds: Int

    func draw() {
        let layout = ViewLayout(height: grid.height)
        let wizard = reshard.wizard
        if let row = layout.title { canvas.divider(row, title: title, isFocused: true) }
        var area = Rect(x: 2, y: layout.body.lowerBound, width: canvas.inner - 2, height: layout.body.count)
        drawFoot(wizard, &area)
        guard reshard.isOpen || wizard.job != nil else {
            canvas.put("no reshard runs, and none is known", y: area.y, style: theme[.text])
            let text = "\(beginKey) begins one: add or remove shards, move slots"
            for (line, y) in zip(Canvas.wrapped(text, width: area.width), area.y + 1..<max(area.y + 1, area.endY)) {
                canvas.put(line, y: y, style: theme[.textDim])
            }
            return
        }
        drawRail(wizard, &area)
        draw(wizard, area)
    }

    private func draw(_ wizard: ReshardWizard, _ area: Rect) {
        let request = ReshardRequestRenderer(canvas: canvas)
        let plan = ReshardPlanRenderer(canvas: canvas, display: display)
        switch reshard.shownStep {
        case .goal: request.drawGoals(wizard, area)
        case .details:
            switch wizard.goal {
            case .add: ReshardFormRenderer(canvas: canvas).draw(wizard, area)
            case .remove: request.drawLeaving(wizard, area)
            default: request.drawSlots(wizard, area)
            }
        case .policies: ReshardPoliciesRenderer(canvas: canvas).draw(wizard, area)
        case .plan: plan.draw(wizard, area)
        case .rehearsal: plan.drawRehearsal(wizard, area)
        case .confirm: plan.drawConfirmation(wizard, area)
        case .progress, .summary: ReshardJobRenderer(canvas: canvas, unixSeconds: unixSeconds).draw(wizard, area)
        }
    }

    private var title: String {
        guard reshard.isOpen else { return "\(cluster)\(canvas.crumb)reshard" }
        let wizard = reshard.wizard
        let at = (wizard.trail.firstIndex(of: wizard.step) ?? 0) + 1
        return "\(cluster)\(canvas.crumb)reshard\(canvas.separator)step \(at) of \(wizard.trail.count)"
    }

    /// The steps there are, this one standing out.
    private func drawRail(_ wizard: ReshardWizard, _ area: inout Rect) {
        guard reshard.isOpen, area.height > 8, area.width >= 72 else { return }
        var x = area.x
        for step in wizard.trail {
            let isHere = step == wizard.step
            if step != wizard.trail.first { x += grid.put(canvas.crumb, x: x, y: area.y, style: theme[.textDim]) }
            let style = isHere ? theme[.title] : theme[.textDim]
            x += grid.put(Self.name(step, wizard.goal), x: x, y: area.y, style: style)
        }
        area = Rect(x: area.x, y: area.y + 2, width: area.width, height: area.height - 2)
    }

    private static func name(_ step: ReshardWizard.Step, _ goal: ReshardWizard.Goal) -> String {
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
    private func drawFoot(_ wizard: ReshardWizard, _ area: inout Rect) {
        let step = reshard.shownStep
        let isBeforeJob = step.rawValue < ReshardWizard.Step.progress.rawValue && step != .goal
        var lines: [(String, Style)] = []
        if let message = wizard.problem ?? wizard.message, reshard.isOpen || wizard.problem != nil {
            lines += Canvas.wrapped(message, width: max(1, area.width)).prefix(3).map { ($0, theme[.warn]) }
        }
        if isBeforeJob, reshard.isOpen, area.height >= 12, let command = wizard.command {
            lines.append(("$ \(command)", theme[.textDim]))
        }
        guard area.height > lines.count + 2 else { return }
        for (index, line) in lines.enumerated() {
            canvas.put(line.0, y: area.endY - lines.count + index, style: line.1)
        }
        let taken = lines.isEmpty ? 0 : lines.count + 1
        area = Rect(x: area.x, y: area.y, width: area.width, height: max(0, area.height - taken))
    }
}
