import Model
import Routing

/// What a request comes to: the next slot map, the moves that lead to it, and what they cost. Nothing moves by it.
package struct ReshardPlan: Hashable, Sendable {
    package let request: ReshardRequest
    package let policyBefore: PlacementPolicy
    package let policyAfter: PlacementPolicy
    package let current: SlotMap
    /// Names in their order after the job; shards that leave are not in it.
    package let target: SlotMap
    /// In the order of their indexes; each target takes its own in this order. Empty when the map stays as it is.
    package let moves: [ReshardMove]
    package let estimate: ReshardEstimate

    /// Plans a request that has no `problems`.
    /// - Parameters:
    ///   - current: the slot map in force.
    ///   - policy: the policy in force, if the map does not say.
    ///   - counts: keys and bytes of each slot, 16384 of them; empty while unknown: then estimate are slots alone.
    /// - Throws: `.badShardCount`, `.unknownShard` or `.badSlots` for a request that was not checked.
    package init(
        _ request: ReshardRequest,
        current: SlotMap,
        policy: PlacementPolicy,
        counts: [SlotCount] = []
    ) throws(ReshardError) {
        let before = current.placement ?? policy
        let after = request.policy ?? before
        do throws(RoutingError) {
            var target = current
            if request.isPlacedByPolicy {
                target = try after.map(current: current, shards: request.shards(after: current))
            }
            for move in request.moves { target = try target.giving(move.slots.ranges, to: move.shard) }
            self.target = target
        } catch {
            throw ReshardError(error.code == .badPlacement ? .badShardCount : .badSlots, error.message)
        }
        self.request = request
        self.current = current
        policyBefore = before
        policyAfter = after
        let counts = counts.count == StorageLimits.slotCount ? counts : []
        moves = MoveCutter(from: current, to: target, counts: counts).moves
        estimate = ReshardEstimate(from: current, to: target, counts: counts, moves: moves)
    }

    /// The same request under each policy, to choose from; in the order of `PlacementPolicy.allCases`.
    package static func comparison(
        of request: ReshardRequest,
        current: SlotMap,
        policy: PlacementPolicy,
        counts: [SlotCount] = []
    ) throws(ReshardError) -> [ReshardPlan] {
        try PlacementPolicy.allCases.map { choice throws(ReshardError) in
            var request = request
            request.policy = choice
            return try ReshardPlan(request, current: current, policy: policy, counts: counts)
        }
    }

    /// Whether carrying it out would change anything: slots, shards or the policy.
    package var isEmpty: Bool {
        moves.isEmpty && policyBefore == policyAfter && request.add.isEmpty && request.remove.isEmpty
    }

    /// What speaks against it without forbidding it, in words.
    package var warnings: [String] {
        var warnings: [String] = []
        let shards = target.shardNames.count
        if policyAfter == .ring, request.isPlacedByPolicy, shards > RingPlacement.boundedShards {
            let most = RingPlacement.boundedShards
            warnings.append("ring balances up to \(most) shards well; with \(shards), fixed is more even")
        }
        let empty = estimate.shards.filter { $0.after.slots == 0 && !$0.isLeaving }.map(\.name)
        if !empty.isEmpty { warnings.append("without any slot: \(empty.joined(separator: ", "))") }
        let moved = Int(estimate.moved.slots)
        if request.isPlacedByPolicy, estimate.leastSlots > 0, moved > 2 * estimate.leastSlots {
            warnings.append("\(policyAfter.rawValue) moves \(moved) slots; \(estimate.leastSlots) would be enough")
        }
        return warnings
    }
}
