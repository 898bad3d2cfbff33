import Model
import Resharding
import Server
import Terminal

/// Draws the steps in which the plan is shown, rehearsed and agreed to.
struct ReshardPlanRenderer: CanvasRenderer {
    let canvas: Canvas
    /// Whether the screen shows colours and half blocks.
    let display: ConsoleDisplay

    func draw(_ wizard: ReshardWizard, _ area: Rect) {
        guard let plan = wizard.plan, area.height > 1 else {
            return canvas.put("no plan could be made", y: area.y, style: theme[.warn])
        }
        let isSmall = area.height < 10
        let used = canvas.paragraph(isSmall ? Self.shortHeadline(plan) : Self.headline(plan, rate: wizard.rate), area)
        let gap = isSmall ? 0 : 1
        let rest = Rect(x: area.x, y: area.y + used + gap, width: area.width, height: area.height - used - gap)
        let names = Self.names(plan)
        let wanted = names.count + 1
        // The table whole, if it leaves room for maps and their title.
        let maps = [16, 8, 4].first { rest.height >= min(wanted, 5) + $0 + 1 } ?? 0
        let tableHeight = min(wanted, max(0, rest.height - (maps > 0 ? maps + 1 : 0)))
        let between = min(1, max(0, rest.height - tableHeight - maps - 1))
        drawPlanTable(plan, names, top: wizard.top, Rect(x: rest.x, y: rest.y, width: rest.width, height: tableHeight))
        let hidden = wanted - tableHeight
        if hidden > 0, between > 0 || maps == 0, rest.height > tableHeight {
            canvas.put("  and \(hidden) more: Down", y: rest.y + tableHeight, style: theme[.textDim])
        }
        guard maps > 0 else { return }
        drawMaps(plan, names, Rect(x: rest.x, y: rest.y + tableHeight + between, width: rest.width, height: maps + 1))
    }

    /// `4,096 of 16,384 slots move: 30.1k keys, 2.2 MiB, in 32 hand-overs; about 12s`.
    private static func headline(_ plan: ReshardPlan, rate: UInt64?) -> String {
        let moved = plan.estimate.moved
        let time = NumberFormat.duration(seconds: Int(plan.estimate.seconds(rate: rate).rounded(.up)))
        let speed = rate.map { "at most \(NumberFormat.rate($0))" } ?? "as fast as readers and writers allow"
        return "\(NumberFormat.full(Int(moved.slots))) of \(NumberFormat.full(StorageLimits.slotCount)) slots move: "
            + "\(moved.text), in \(NumberFormat.counted(plan.estimate.moves, "hand-over")); about \(time), \(speed)."
    }

    /// The same for a small screen.
    private static func shortHeadline(_ plan: ReshardPlan) -> String {
        "\(NumberFormat.full(Int(plan.estimate.moved.slots))) slots, \(plan.estimate.moved.text), about "
            + NumberFormat.duration(seconds: Int(plan.estimate.seconds(rate: nil).rounded(.up)))
    }

    /// All shards there are before or after: the order of letters and colours.
    private static func names(_ plan: ReshardPlan) -> [String] { plan.estimate.shards.map(\.name) }

    private func drawPlanTable(_ plan: ReshardPlan, _ names: [String], top: Int, _ area: Rect) {
        guard area.height > 1 else { return }
        let columns = [
            Canvas.Column(title: "  SHARD", width: max(12, min(28, area.width - 56)), isName: true),
            Canvas.Column(title: "SLOTS", width: 6), Canvas.Column(title: "AFTER", width: 6),
            Canvas.Column(title: "KEYS", width: 6), Canvas.Column(title: "AFTER", width: 6),
            Canvas.Column(title: "SIZE", width: 8), Canvas.Column(title: "AFTER", width: 8),
        ]
        let shares = Canvas.scrolled(Array(plan.estimate.shards.enumerated()), by: top, visible: area.height - 1)
        let rows = shares.map { place, share -> [String] in
            let note = share.isNew ? " new" : share.isLeaving ? " goes" : ""
            let amounts = [share.before, share.after]
            return ["  \(share.name)\(note)"] + amounts.map { NumberFormat.full(Int(clamping: $0.slots)) }
                + amounts.map { NumberFormat.short(Int(clamping: $0.keys)) }
                + amounts.map { NumberFormat.bytes(Int(clamping: $0.bytes)) }
        }
        canvas.table(columns, rows, area)
        for (offset, share) in shares.enumerated() {
            let sign = isInBlocks(names.count) ? "█" : SlotCellsRenderer.letter(ofShard: share.0)
            grid[area.x, area.y + 1 + offset] = Cell(sign, style: theme[.series(share.0)])
        }
    }

    private func isInBlocks(_ shards: Int) -> Bool {
        display.hasColors && display.isUnicode && glyphs.isUnicode && theme.hasColors
            && shards <= ThemeRole.seriesCount
    }

    /// The slot map as it is and as it is to be, side by side.
    private func drawMaps(_ plan: ReshardPlan, _ names: [String], _ area: Rect) {
        let parts = area.columns([.flexible(), .flexible()], gap: 2)
        let isDoubled = isInBlocks(names.count)
        for (index, part) in parts.enumerated() {
            let (title, map) = index == 0 ? ("before", plan.current) : ("after", plan.target)
            canvas.put(title, x: part.x, y: part.y, style: theme[.tableHeader])
            let lines = part.height - 1
            let slots = SlotGrid(width: part.width, height: isDoubled ? lines * 2 : lines)
            let chart = SlotChart(
                ClusterSlots(map: map, slots: .init(repeating: .init(), count: StorageLimits.slotCount)),
                grid: slots,
                shade: .owner,
                names: names
            )
            let place = Rect(
                x: part.x,
                y: part.y + 1,
                width: slots.columns,
                height: isDoubled ? max(1, slots.rows / 2) : slots.rows
            )
            SlotCellsRenderer(canvas: canvas).draw(
                chart,
                at: place,
                isDoubled: isDoubled && slots.rows > 1,
                cursor: nil
            )
        }
    }

    // MARK: Rehearsal

    func drawRehearsal(_ wizard: ReshardWizard, _ area: Rect) {
        guard let plan = wizard.plan, area.height > 1 else { return }
        canvas.put(
            "Nothing is changed by this: what would be done, and whether it could.",
            y: area.y,
            style: theme[.text]
        )
        guard let rehearsal = wizard.rehearsal else {
            return canvas.verdict(nil, "asking every node that takes part", x: area.x, y: area.y + 2, width: area.width)
        }
        var y = area.y + 2
        // What stands in the way is read whole, and before what is well.
        for line in rehearsal.lines.filter({ !$0.isGood }) + rehearsal.lines.filter(\.isGood) {
            let wrapped = Canvas.wrapped(line.text, width: max(1, area.width - 2))
            let lines = line.isGood ? [line.text] : Array(wrapped.prefix(3))
            for (offset, text) in lines.enumerated() where y < area.endY {
                if offset == 0 {
                    canvas.verdict(line.isGood, text, x: area.x, y: y, width: area.width)
                } else {
                    canvas.put(text, x: area.x + 2, y: y, style: theme[.bad])
                }
                y += 1
            }
        }
        y += 1
        let rest = Rect(x: area.x, y: y, width: area.width, height: area.endY - y)
        ReshardMovesRenderer(canvas: canvas).draw(plan.moves, top: wizard.top, rest) { _ in "" }
    }

    // MARK: Confirmation

    func drawConfirmation(_ wizard: ReshardWizard, _ area: Rect) {
        guard let plan = wizard.plan, let ground = wizard.ground else { return }
        var texts = [Self.headline(plan, rate: wizard.rate)]
        texts += Self.consequences(plan, ground)
        texts.append(
            "Clients go on all the while; writes to slots are held for some milliseconds each time some change their "
                + "owner. Nothing is lost whatever dies; it goes on without this console, and can be paused and aborted."
        )
        var y = area.y
        for text in texts where y < area.endY - 3 {
            y += canvas.paragraph(text, Rect(x: area.x, y: y, width: area.width, height: area.endY - 3 - y)) + 1
        }
        y = min(y, area.endY - 2)
        canvas.put("Type the cluster's name, \(ground.cluster), and press Enter:", y: y, style: theme[.textStrong])
        let field = Rect(x: area.x, y: y + 1, width: min(area.width, max(20, ground.cluster.count + 4)), height: 1)
        canvas.field(wizard.confirmation, field, !wizard.isStarting)
        if wizard.isStarting {
            canvas.put("\(canvas.spinner) \(wizard.startingText)", x: field.endX + 2, y: y + 1, style: theme[.text])
        }
    }

    private static func consequences(_ plan: ReshardPlan, _ ground: ReshardGround) -> [String] {
        var texts: [String] = []
        let come = plan.request.add.map(\.name).joined(separator: ", ")
        let go = plan.request.remove.joined(separator: ", ")
        if !come.isEmpty { texts.append("\(come) joins the cluster, and is written to \(ground.configFile).") }
        if !go.isEmpty {
            texts.append("\(go) leaves the cluster when it owns nothing, and is taken out of \(ground.configFile).")
        }
        if plan.policyBefore != plan.policyAfter {
            texts.append(
                "The policy is \(plan.policyAfter.rawValue) from then on, no longer \(plan.policyBefore.rawValue)."
            )
        }
        return texts
    }
}
