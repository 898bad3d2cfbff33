import Console
import Model
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
        for share in draft.plan.estimate.shards {
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

    private static func note(_ share: ReshardEstimate.Share, _ request: ReshardRequest) -> String {
        if share.isLeaving { return "goes" }
        guard let new = request.add.first(where: { $0.name == share.name }) else { return "" }
        return "comes: \(new.nodes.map(\.description).joined(separator: ", "))"
    }

    private static func choices(_ draft: ReshardDraft) -> String {
        var rows = [["POLICY", "SLOTS MOVED", "KEYS", "BYTES", "LARGEST/MEAN", "TIME", ""]]
        let isExact = draft.unknown.isEmpty
        for choice in draft.choices {
            let estimate = choice.estimate
            rows.append([
                choice.policyAfter.rawValue, number(estimate.moved.slots), isExact ? number(estimate.moved.keys) : "-",
                isExact ? bytes(estimate.moved.bytes) : "-", ratio(estimate.balanceAfter.slots),
                isExact ? time(estimate.seconds(rate: draft.rate)) : "-",
                choice.policyAfter == draft.plan.policyAfter ? "this plan" : "",
            ])
        }
        return TextColumns.text(rows, numbers: Set(1...5))
    }

    private static func cost(_ draft: ReshardDraft) -> String {
        let estimate = draft.plan.estimate
        guard estimate.moves > 0 else {
            return draft.plan.isEmpty ? "nothing to do: the slot map is already as asked" : "no slot moves"
        }
        let least = draft.unknown.isEmpty ? "" : "at least "
        let amount = "\(number(estimate.moved.keys)) keys, \(bytes(estimate.moved.bytes))"
        let speed = MegabytesPerSecond.text(draft.rate ?? ReshardingLimits.assumedBytesPerSecond)
        return """
            moves \(number(estimate.moved.slots)) slots (\(estimate.leastSlots) would be the fewest), \(least)\(amount), in \
            \(estimate.moves) hand-overs
            takes \(least)\(time(estimate.seconds(rate: draft.rate))) at \(speed)
            largest share over the mean: slots \(ratio(estimate.balanceBefore.slots)) → \
            \(ratio(estimate.balanceAfter.slots)), keys \(ratio(estimate.balanceBefore.keys)) → \
            \(ratio(estimate.balanceAfter.keys))
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
