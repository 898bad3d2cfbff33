import Model
import Resharding
import Routing
import Terminal

/// Draws the same request under every policy, side by side.
struct ReshardPoliciesRenderer: CanvasRenderer {
    let canvas: Canvas

    func draw(_ wizard: ReshardWizard, _ area: Rect) {
        guard let ground = wizard.ground, area.height > 2 else { return }
        let label = min(22, area.width / 3)
        let parts = Rect(x: area.x + label, y: area.y, width: area.width - label, height: 1)
            .columns(.init(repeating: .flexible(), count: max(1, wizard.choices.count)), gap: 1)
        let rows = Self.policyRows
        for (index, row) in rows.enumerated() where index + 2 < area.height {
            canvas.put(
                SafeText.truncated(row.label, to: label, ellipsis: glyphs.ellipsis),
                y: area.y + 2 + index,
                style: theme[.textDim]
            )
        }
        for (choice, part) in zip(wizard.choices, parts) {
            let isChosen = choice.policy == wizard.policy
            let style = isChosen ? theme[.tableSelected] : theme[.tableRow]
            let height = min(area.height, rows.count + 2)
            grid.fill(Rect(x: part.x, y: area.y, width: part.width, height: height), style: style)
            let mark = isChosen && part.width >= 12 ? "\(glyphs.marker) " : ""
            putRight("\(mark)\(choice.policy.rawValue)", part, y: area.y, style: style)
            if choice.policy == ground.policyInForce { putRight("in force", part, y: area.y + 1, style: style) }
            for (index, row) in rows.enumerated() where index + 2 < area.height {
                let text = choice.plan.map(row.text) ?? (before: "", after: "cannot be")
                let isWide = !text.before.isEmpty && part.width >= 14
                let before = isWide ? "\(text.before) \(glyphs.arrowRight) " : ""
                putRight(before + text.after, part, y: area.y + 2 + index, style: style)
            }
        }
        let below = Rect(x: area.x, y: area.y + rows.count + 3, width: area.width, height: area.height - rows.count - 3)
        drawPolicyNotes(wizard, below)
    }

    private func putRight(_ text: String, _ part: Rect, y: Int, style: Style) {
        let fitted = SafeText.fitted(text, to: max(0, part.width - 1), align: .right, ellipsis: glyphs.ellipsis)
        grid.put(fitted, x: part.x, y: y, style: style, maxWidth: part.width)
    }

    private static var policyRows: [(label: String, text: (ReshardPlan) -> (before: String, after: String))] {
        [
            ("slots that move", { ("", NumberFormat.full(Int($0.estimate.moved.slots))) }),
            ("keys", { ("", NumberFormat.short(Int(clamping: $0.estimate.moved.keys))) }),
            ("bytes", { ("", NumberFormat.bytes(Int(clamping: $0.estimate.moved.bytes))) }),
            ("hand-overs", { ("", NumberFormat.full($0.estimate.moves)) }),
            ("balance of slots", { balance($0.estimate.balanceBefore.slots, $0.estimate.balanceAfter.slots) }),
            ("balance of keys", { balance($0.estimate.balanceBefore.keys, $0.estimate.balanceAfter.keys) }),
            ("balance of bytes", { balance($0.estimate.balanceBefore.bytes, $0.estimate.balanceAfter.bytes) }),
            ("time, about", { ("", NumberFormat.duration(seconds: Int($0.estimate.seconds(rate: nil).rounded(.up)))) }),
        ]
    }

    /// The largest share over the mean, before and after.
    private static func balance(_ before: Double, _ after: Double) -> (before: String, after: String) {
        (hundredths(before), hundredths(after))
    }

    private static func hundredths(_ value: Double) -> String {
        let all = Int((min(max(0, value), 9_999) * 100).rounded())
        return "\(all / 100).\(all % 100 < 10 ? "0" : "")\(all % 100)"
    }

    /// Shards whose keys and bytes are missing in the estimate.
    private func unknown(_ wizard: ReshardWizard) -> [(String, Style)] {
        let unknown = wizard.ground?.unknown ?? [:]
        return unknown.sorted { $0.key < $1.key }.map {
            ("keys and bytes of \($0.key) are not known: \($0.value)", theme[.warn])
        }
    }

    /// What the chosen policy is, and what speaks against it.
    private func drawPolicyNotes(_ wizard: ReshardWizard, _ area: Rect) {
        guard let choice = wizard.choices.first(where: { $0.policy == wizard.policy }) else { return }
        let about =
            switch choice.policy {
            case .fixed: "fixed: even shares, moving as few slots as can be."
            case .modulo: "modulo: slot mod the number of shards; doubling moves slots of shard i to shard i + N only."
            case .ring: "ring: consistent hashing; shares are less even, and little moves whatever comes or goes."
            }
        var y = area.y
        for (text, style) in [("\(about) Balance: the largest share over the mean, before and after.", theme[.textDim])]
            + (choice.problem.map { [($0, theme[.bad])] } ?? [])
            + (choice.plan?.warnings.map { ($0, theme[.warn]) } ?? [])
            + unknown(wizard)
        {
            y += canvas.paragraph(text, Rect(x: area.x, y: y, width: area.width, height: area.endY - y), style: style)
        }
    }
}
