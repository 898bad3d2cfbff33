import Console
import Resharding
import Routing

/// A plan for people.
package enum ReshardPlanText {
    package static func text(of draft: ReshardDraft, cluster: String) -> String {
        let plan = draft.plan
        let policy =
            plan.policyBefore == plan.policyAfter
            ? plan.policyAfter.rawValue : "\(plan.policyBefore.rawValue) → \(plan.policyAfter.rawValue)"
        var parts = ["cluster \(cluster)  map \(plan.current.version)  placement \(policy)", shares(draft)]
        if draft.choices.count > 1 { parts.append(choices(draft)) }
        parts.append(cost(draft))
        let warnings = self.warnings(draft)
        if !warnings.isEmpty { parts.append(warnings.joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }

    private static func shares(_ draft: ReshardDraft) -> String {
        var rows = [["SHARD", "SLOTS", "AFTER", "KEYS", "AFTER", "BYTES", "AFTER", ""]]
        let isExact = draft.unknown.isEmpty
        for share in draft.plan.figures.shards {
            let before = draft.unknown[share.name] == nil
            // What comes from a shard that did not answer is not counted.
            func known(_ text: String, _ isKnown: Bool) -> String { isKnown ? text : "-" }
            rows.append([
                share.name, number(share.before.slots), number(share.after.slots),
                known(number(share.before.keys), before), known(number(share.after.keys), isExact),
                known(bytes(share.before.bytes), before), known(bytes(share.after.bytes), isExact),
                note(share, draft.plan.request),
            ])
        }
        return TextColumns.text(rows, numbers: Set(1...6))
    }

    private static func note(_ share: ReshardFigures.Share, _ request: ReshardRequest) -> String {
        if share.isLeaving { return "goes" }
        guard let new = request.add.first(where: { $0.name == share.name }) else { return "" }
        return "comes: \(new.nodes.map(\.description).joined(separator: ", "))"
    }

    private static func choices(_ draft: ReshardDraft) -> String {
        var rows = [["POLICY", "SLOTS MOVED", "KEYS", "BYTES", "LARGEST/MEAN", "TIME", ""]]
        let isExact = draft.unknown.isEmpty
        for choice in draft.choices {
            let figures = choice.figures
            rows.append([
                choice.policyAfter.rawValue, number(figures.moved.slots), isExact ? number(figures.moved.keys) : "-",
                isExact ? bytes(figures.moved.bytes) : "-", ratio(figures.balanceAfter.slots),
                isExact ? time(figures.seconds(rate: draft.rate)) : "-",
                choice.policyAfter == draft.plan.policyAfter ? "this plan" : "",
            ])
        }
        return TextColumns.text(rows, numbers: Set(1...5))
    }

    private static func cost(_ draft: ReshardDraft) -> String {
        let figures = draft.plan.figures
        guard figures.moves > 0 else {
            return draft.plan.isEmpty ? "nothing to do: the slot map is already as asked" : "no slot moves"
        }
        let least = draft.unknown.isEmpty ? "" : "at least "
        let amount = "\(number(figures.moved.keys)) keys, \(bytes(figures.moved.bytes))"
        let speed = MegabytesPerSecond.text(draft.rate ?? ReshardingLimits.assumedBytesPerSecond)
        return """
            moves \(number(figures.moved.slots)) slots (\(figures.leastSlots) would be the fewest), \(least)\(amount), in \
            \(figures.moves) hand-overs
            takes \(least)\(time(figures.seconds(rate: draft.rate))) at \(speed)
            largest share over the mean: slots \(ratio(figures.balanceBefore.slots)) → \
            \(ratio(figures.balanceAfter.slots)), keys \(ratio(figures.balanceBefore.keys)) → \
            \(ratio(figures.balanceAfter.keys))
            """
    }

    private static func warnings(_ draft: ReshardDraft) -> [String] {
        draft.plan.warnings.map { "warning: \($0)" }
            + draft.unknown.sorted { $0.key < $1.key }.map { "warning: keys of \($0.key) are not known: \($0.value)" }
    }

    static func number(_ value: UInt64) -> String { NumberFormat.full(Int(clamping: value)) }
    static func bytes(_ value: UInt64) -> String { NumberFormat.bytes(Int(clamping: value)) }

    static func time(_ seconds: Double) -> String {
        seconds < 1 ? "less than 1s" : NumberFormat.duration(seconds: Int(min(seconds, 1e12).rounded(.up)))
    }

    private static func ratio(_ value: Double) -> String {
        let hundredths = Int((min(value, 1e9) * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
