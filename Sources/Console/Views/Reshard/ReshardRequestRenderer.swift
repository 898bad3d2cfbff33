import Model
import Routing
import Terminal

/// Draws the steps in which the request is said: what, and which shards or slots.
struct ReshardRequestRenderer: CanvasRenderer {
    let canvas: Canvas

    private static let goalWidth = 20

    func drawGoals(_ wizard: ReshardWizard, _ area: Rect) {
        guard let ground = wizard.ground else {
            return canvas.put("\(canvas.spinner) asking for the slot map", y: area.y, style: theme[.text])
        }
        let goals: [(ReshardWizard.Goal, String, String)] = [
            (.add, "Add shards", "new shards take slots from the others"),
            (.remove, "Remove shards", "their slots go to the shards that stay"),
            (.rebalance, "Rebalance", "even out the slots of the shards there are"),
            (.policy, "Change the policy", "\(ground.policyInForce.rawValue) is in force"),
            (.move, "Move slots", "give chosen slots to one shard"),
        ]
        for (index, (goal, name, text)) in goals.enumerated() where index < area.height {
            let isChosen = goal == wizard.goal
            let style = isChosen ? theme[.tableSelected] : theme[.tableRow]
            let line = Rect(x: area.x, y: area.y + index, width: area.width, height: 1)
            if isChosen { grid.fill(line, style: style) }
            grid.put(isChosen ? "\(glyphs.marker) " : "  ", x: line.x, y: line.y, style: style)
            let room = max(0, area.width - 2)
            let label = SafeText.fitted(name, to: min(Self.goalWidth, room), ellipsis: glyphs.ellipsis)
            grid.put(label, x: line.x + 2, y: line.y, style: style, maxWidth: room)
            canvas.put(text, x: line.x + 2 + Self.goalWidth, y: line.y, style: isChosen ? style : theme[.textDim])
        }
        let rest = Rect(
            x: area.x,
            y: area.y + goals.count + 1,
            width: area.width,
            height: area.height - goals.count - 1
        )
        drawShares(ground, rest)
    }

    /// What every shard has now.
    private func drawShares(_ ground: ReshardGround, _ area: Rect) {
        let rows = ground.map.shardNames.enumerated().map { index, name -> [String] in
            let amount = Self.amount(of: UInt16(index), ground)
            let share = Double(amount.slots) * 100 / Double(StorageLimits.slotCount)
            let tenths = Int((share * 10).rounded())
            return [
                name, NumberFormat.full(Int(amount.slots)), "\(tenths / 10).\(tenths % 10) %",
                ground.counts.isEmpty ? "?" : NumberFormat.short(Int(clamping: amount.keys)),
                ground.counts.isEmpty ? "?" : NumberFormat.bytes(Int(clamping: amount.bytes)),
            ]
        }
        canvas.table(Self.shareColumns(area.width), rows, area)
        if rows.count > area.height - 1, area.height > 1 {
            canvas.put("and \(rows.count - area.height + 2) more", y: area.endY - 1, style: theme[.textDim])
        }
    }

    private static func shareColumns(_ width: Int) -> [Canvas.Column] {
        [
            Canvas.Column(title: "SHARD", width: min(30, max(10, width - 40)), isName: true),
            Canvas.Column(title: "SLOTS", width: 6), Canvas.Column(title: "SHARE", width: 7),
            Canvas.Column(title: "KEYS", width: 6), Canvas.Column(title: "SIZE", width: 8),
        ]
    }

    /// Counts come over the network: a sum that is too large is the largest number.
    private static func saturated(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, isOver) = left.addingReportingOverflow(right)
        return isOver ? .max : sum
    }

    private static func amount(of shard: UInt16, _ ground: ReshardGround) -> ReshardAmount {
        var amount = ReshardAmount()
        for (slot, owner) in ground.map.owners.enumerated() where owner == shard {
            amount.slots += 1
            guard !ground.counts.isEmpty else { continue }
            amount.keys = Self.saturated(amount.keys, ground.counts[slot].keys)
            amount.bytes = Self.saturated(amount.bytes, ground.counts[slot].bytes)
        }
        return amount
    }

    // MARK: Shards to remove, slots to move

    func drawLeaving(_ wizard: ReshardWizard, _ area: Rect) {
        guard let ground = wizard.ground, area.height > 1 else { return }
        canvas.put("Space marks the shards that are to go.", y: area.y, style: theme[.text])
        let names = ground.map.shardNames
        let visible = area.height - 2
        let top = DashboardLayout.scrolled(top: 0, selected: wizard.line, visible: visible, total: names.count)
        guard visible > 0, top < names.count else { return }
        for (offset, name) in names[top...].prefix(visible).enumerated() {
            let isHere = top + offset == wizard.line
            let style = isHere ? theme[.tableSelected] : theme[.tableRow]
            let line = Rect(x: area.x, y: area.y + 2 + offset, width: area.width, height: 1)
            grid.fill(line, style: style)
            let amount = Self.amount(of: UInt16(top + offset), ground)
            let known = ground.counts.isEmpty ? "" : ", \(amount.text)"
            let box = wizard.leaving.contains(name) ? "[x]" : "[ ]"
            let text =
                "\(isHere ? String(glyphs.marker) : " ") \(box) \(name)  \(NumberFormat.full(Int(amount.slots))) slots\(known)"
            canvas.put(text, y: line.y, style: style)
        }
    }

    func drawSlots(_ wizard: ReshardWizard, _ area: Rect) {
        guard let ground = wizard.ground, area.height > 2 else { return }
        let label = 8
        let room = Rect(x: area.x + label, y: area.y, width: area.width - label, height: 1)
        canvas.put("slots", y: area.y, style: theme[.textDim])
        canvas.field(wizard.slots, room, !wizard.isOnTarget)
        canvas.put("go to", y: area.y + 2, style: theme[.textDim])
        let names = ground.map.shardNames
        if names.indices.contains(wizard.targetIndex) {
            let style = wizard.isOnTarget ? theme[.tableSelected] : theme[.text]
            grid.put(" \(names[wizard.targetIndex]) ", x: room.x, y: area.y + 2, style: style, maxWidth: room.width)
            let hint = "  Left and Right choose, \(wizard.targetIndex + 1) of \(names.count)"
            canvas.put(
                hint,
                x: room.x + SafeText.width(names[wizard.targetIndex]) + 2,
                y: area.y + 2,
                style: theme[.textDim]
            )
        }
        guard area.height > 4, let list = try? SlotList(wizard.slots.text.trimmed) else {
            return canvas.put(
                "for example 0-99,200; the slots' view (4) shows where they are",
                y: area.y + 4,
                style: theme[.textDim]
            )
        }
        for (offset, line) in Self.sources(of: list, ground).prefix(area.height - 4).enumerated() {
            canvas.put(line, y: area.y + 4 + offset, style: theme[.text])
        }
    }

    /// A line for each shard that owns some of the slots.
    private static func sources(of list: SlotList, _ ground: ReshardGround) -> [String] {
        var amounts: [String: ReshardAmount] = [:]
        for slot in list.slots {
            let name = ground.map.ownerName(of: slot)
            let count = ground.counts.isEmpty ? SlotCount() : ground.counts[Int(slot)]
            var amount = amounts[name] ?? ReshardAmount()
            amount.slots += 1
            amount.keys = Self.saturated(amount.keys, count.keys)
            amount.bytes = Self.saturated(amount.bytes, count.bytes)
            amounts[name] = amount
        }
        return amounts.sorted { $0.key < $1.key }.map { name, amount in
            let known = ground.counts.isEmpty ? "" : ", \(amount.text)"
            return "\(NumberFormat.counted(Int(amount.slots), "slot")) of \(name)\(known)"
        }
    }
}
