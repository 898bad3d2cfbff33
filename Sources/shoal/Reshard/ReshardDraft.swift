import Model
import Node
import Operations
import Resharding
import Routing

/// A plan, what it was made from, and what was not to be found out for it.
package struct ReshardDraft: Sendable {
    package let snapshot: CoordinatorSnapshot
    package let plan: ReshardPlan
    /// The same under each policy; empty where the policy has no say.
    package let choices: [ReshardPlan]
    /// Shards whose keys and bytes are missing, and why.
    package let unknown: [String: String]
    /// Bytes per second that were asked for.
    package let rate: UInt64?

    package init(
        snapshot: CoordinatorSnapshot,
        plan: ReshardPlan,
        choices: [ReshardPlan] = [],
        unknown: [String: String] = [:],
        rate: UInt64? = nil
    ) {
        self.snapshot = snapshot
        self.plan = plan
        self.choices = choices
        self.unknown = unknown
        self.rate = rate
    }
}

extension ReshardSession {
    /// Plans what the options ask for, on the map and the counts of now. Changes nothing.
    func draft(_ options: ReshardOptions) async throws -> ReshardDraft {
        let snapshot = try await coordinator.snapshot()
        let request = try options.request(
            map: snapshot.map,
            config: config,
            nodes: addresses(snapshot, adding: options.addedNames)
        )
        try request.check(map: snapshot.map, nodes: addresses(snapshot, adding: Set(request.add.map(\.name))))
        let counts = await nodes.counts(snapshot)
        let plan = try ReshardPlan(request, current: snapshot.map, policy: config.placement, counts: counts.slots)
        var choices: [ReshardPlan] = []
        if request.isPlacedByPolicy {
            choices = try ReshardPlan.comparison(
                of: request,
                current: snapshot.map,
                policy: config.placement,
                counts: counts.slots
            )
        }
        return ReshardDraft(
            snapshot: snapshot,
            plan: plan,
            choices: choices,
            unknown: counts.unknown,
            rate: try options.rate.map(MegabytesPerSecond.bytes)
        )
    }
}
