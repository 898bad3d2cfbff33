import Model
import Routing

extension ReshardJob {
    /// - Parameters:
    ///   - id: random, 32 hexadecimal digits.
    ///   - now: milliseconds since 1970.
    /// - Throws: `.nothingAsked` for a plan that changes nothing; `.badText` for a rate below `rateMin`.
    package init(
        _ plan: ReshardPlan,
        id: String,
        requester: String,
        now: UInt64,
        rate: UInt64? = nil
    ) throws(ReshardError) {
        guard !plan.isEmpty else {
            throw ReshardError(.nothingAsked, "nothing to do: the slot map is already as asked")
        }
        try self.init(
            id: id,
            requester: requester,
            now: now,
            request: plan.request,
            policyBefore: plan.policyBefore,
            policyAfter: plan.policyAfter,
            moves: plan.moves,
            mapVersion: plan.current.version,
            rate: rate
        )
    }
}
