import Foundation
import Model
import Resharding
import Routing
import Testing

/// Every plan of every policy has the same properties, whatever is asked (issue 4).
@Suite struct ReshardPlanTests {
    private static let slots = 16384

    private func add(_ names: [String]) -> [ReshardRequest.NewShard] {
        names.map { .init(name: $0, address: NodeAddress(host: $0, port: 1)) }
    }

    private func counts(_ random: inout SeededRandom) -> [SlotCount] {
        (0..<Self.slots).map { _ in
            let keys = UInt64.random(in: 0...20, using: &random)
            return SlotCount(keys: keys, bytes: keys * UInt64.random(in: 10...5_000, using: &random))
        }
    }

    /// Moves cover exactly the difference of the maps, within their bounds.
    private func checkMoves(_ plan: ReshardPlan, counts: [SlotCount], _ note: Comment) {
        var seen = SlotSet()
        var keys: UInt64 = 0
        var bytes: UInt64 = 0
        for (index, move) in plan.moves.enumerated() {
            #expect(move.index == index && move.source != move.target, note)
            #expect(move.slots.count <= ReshardingLimits.slotsPerMoveMax, note)
            #expect(move.bytes <= ReshardingLimits.bytesPerMoveMax || move.slots.count == 1, note)
            for slot in move.slots.slots {
                let isRight =
                    plan.current.ownerName(of: slot) == move.source && plan.target.ownerName(of: slot) == move.target
                    && !seen.contains(slot)
                if !isRight { Issue.record("slot \(slot) of move \(index); \(note)") }
            }
            #expect(move.stage(on: plan.current) == .due, note)
            seen.formUnion(move.slots.set)
            keys += move.keys
            bytes += move.bytes
        }
        let moved = plan.target.movedSlots(from: plan.current)
        #expect(seen.count == moved.count, note)
        #expect(Int(plan.estimate.moved.slots) == moved.count, note)
        let sum = moved.reduce(into: SlotCount()) {
            $0.keys += counts[Int($1)].keys
            $0.bytes += counts[Int($1)].bytes
        }
        #expect(plan.estimate.moved.keys == sum.keys && plan.estimate.moved.bytes == sum.bytes, note)
        #expect(keys == sum.keys && bytes == sum.bytes, note)
    }

    private func checkShares(_ plan: ReshardPlan, _ note: Comment) {
        let before = plan.estimate.shards.reduce(0) { $0 + $1.before.slots }
        let after = plan.estimate.shards.reduce(0) { $0 + $1.after.slots }
        #expect(before == Self.slots && after == Self.slots, note)
        for share in plan.estimate.shards {
            #expect(share.isLeaving == (plan.target.index(ofShard: share.name) == nil), note)
            #expect(!share.isLeaving || share.after == ReshardAmount(), note)
            #expect(!share.isNew || share.before == ReshardAmount(), note)
        }
        let even = Double(Self.slots) / Double(plan.target.shardNames.count)
        let largest = plan.estimate.shards.map(\.after.slots).max() ?? 0
        #expect(abs(plan.estimate.balanceAfter.slots - Double(largest) / even) < 0.001, note)
        let bound: Double =
            switch plan.policyAfter {
            case .fixed, .modulo: 1
            case .ring: even * RingPlacement.imbalanceBound(shards: plan.target.shardNames.count)
            }
        for share in plan.estimate.shards where !share.isLeaving {
            #expect(abs(Double(share.after.slots) - even) <= bound, note)
        }
    }

    /// One random change of shards after another.
    @Test(arguments: PlacementPolicy.allCases, 0..<16)
    func everyPlanIsTotalBalancedAndDeterministic(policy: PlacementPolicy, seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let counts = counts(&random)
        var map = try policy.map(current: nil, shards: (0..<Int.random(in: 1...64, using: &random)).map { "s\($0)" })
        var next = 100
        for step in 0..<5 {
            let note: Comment = "\(policy), seed \(seed), step \(step)"
            let count = map.shardNames.count
            let leaving = Int.random(in: 0..<min(count, 4), using: &random)
            let coming = Int.random(in: (leaving == 0 ? 1 : 0)...min(4, 64 - count + leaving), using: &random)
            let names = (0..<coming).map { "n\(next + $0)" }
            next += coming
            let request = ReshardRequest(
                add: add(names),
                remove: Array(map.shardNames.shuffled(using: &random).prefix(leaving))
            )
            #expect(request.problems(map: map, nodes: [:]).isEmpty, note)
            let plan = try ReshardPlan(request, current: map, policy: .fixed, counts: counts)
            #expect(try ReshardPlan(request, current: map, policy: .fixed, counts: counts) == plan, note)
            #expect(plan.policyBefore == policy && plan.policyAfter == policy, note)
            checkMoves(plan, counts: counts, note)
            checkShares(plan, note)
            checkMovement(plan, note)
            map = plan.target
            let again = try ReshardPlan(ReshardRequest(rebalances: true), current: map, policy: policy)
            #expect(again.isEmpty && again.moves.isEmpty, note)
        }
    }

    private func checkMovement(_ plan: ReshardPlan, _ note: Comment) {
        let moved = Int(plan.estimate.moved.slots)
        let before = Set(plan.current.shardNames)
        let after = Set(plan.target.shardNames)
        #expect(moved >= plan.estimate.leastSlots || plan.policyAfter == .ring, note)
        switch plan.policyAfter {
        case .fixed: #expect(moved == plan.estimate.leastSlots, note)
        case .ring:
            // Only what belongs to shards that come or go moves: survivors exchange nothing.
            for move in plan.moves { #expect(!after.contains(move.source) || !before.contains(move.target), note) }
        case .modulo: break
        }
    }

    @Test(arguments: 1...15) func ringMovesItsShare(shards: Int) throws {
        let names = (0..<shards).map { "shard\($0)" }
        let map = try PlacementPolicy.ring.map(current: nil, shards: names)
        for coming in 1...min(4, 16 - shards) {
            let request = ReshardRequest(add: add((0..<coming).map { "shard\(shards + $0)" }))
            let plan = try ReshardPlan(request, current: map, policy: .ring)
            let share = Double(Self.slots * coming) / Double(shards + coming)
            #expect(Double(plan.estimate.moved.slots) <= 1.2 * share, "\(shards) + \(coming)")
        }
    }

    @Test(arguments: 1...32) func moduloDoublingMovesToTheTwinOnly(shards: Int) throws {
        let names = (0..<shards).map { "shard\($0)" }
        let map = try PlacementPolicy.modulo.map(current: nil, shards: names)
        let twins = (0..<shards).map { "shard\(shards + $0)" }
        let plan = try ReshardPlan(ReshardRequest(add: add(twins)), current: map, policy: .modulo)
        let index = Dictionary(uniqueKeysWithValues: (names + twins).enumerated().map { ($1, $0) })
        for move in plan.moves { #expect(index[move.target] == (index[move.source] ?? 0) + shards) }
        // As the paper says: half of the keys, where both numbers divide the slots.
        if shards.nonzeroBitCount == 1 { #expect(Int(plan.estimate.moved.slots) == Self.slots / 2) }
    }

    @Test(arguments: PlacementPolicy.allCases, 0..<10)
    func thereAndBackReturns(policy: PlacementPolicy, seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let names = (0..<Int.random(in: 1...30, using: &random)).map { "s\($0)" }
        let map = try policy.map(current: nil, shards: names)
        let coming = (0..<Int.random(in: 1...30, using: &random)).map { "t\($0)" }
        let there = try ReshardPlan(ReshardRequest(add: add(coming)), current: map, policy: policy)
        let back = try ReshardPlan(ReshardRequest(remove: coming), current: there.target, policy: policy)
        #expect(back.target.shardNames == names)
        switch policy {
        case .modulo, .ring: #expect(back.target.owners == map.owners)
        case .fixed:
            // What never left stays, and what came goes again.
            let moved = Set(there.target.movedSlots(from: map))
            #expect(Set(back.target.movedSlots(from: there.target)) == moved)
            for slot in 0..<UInt16(Self.slots) where !moved.contains(slot) {
                #expect(back.target.ownerName(of: slot) == map.ownerName(of: slot))
            }
        }
    }

    @Test func slotsMoveOneByOne() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
        let request = ReshardRequest(moves: [.init(slots: try SlotList("0,100-103"), shard: "b")])
        let plan = try ReshardPlan(request, current: map, policy: .fixed)
        #expect(plan.moves.count == 1 && plan.moves[0].slots.description == "0,100-103")
        #expect(plan.target.shardNames == map.shardNames && plan.target.placement == .fixed)
        // Where they are already, nothing happens.
        #expect(try ReshardPlan(request, current: plan.target, policy: .fixed).isEmpty)
        // With a policy, the moves have the last word.
        let both = ReshardRequest(moves: request.moves, policy: .ring)
        let placed = try ReshardPlan(both, current: map, policy: .fixed)
        #expect(placed.target.ownerName(of: 0) == "b" && placed.policyAfter == .ring && !placed.isEmpty)
    }

    @Test func aHugeSlotIsAMoveOfItsOwn() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        var counts = [SlotCount](repeating: SlotCount(keys: 1, bytes: 1), count: Self.slots)
        let huge = 12_345
        counts[huge] = SlotCount(keys: 9, bytes: 3 * ReshardingLimits.bytesPerMoveMax)
        let plan = try ReshardPlan(ReshardRequest(add: add(["b"])), current: map, policy: .fixed, counts: counts)
        let move = try #require(plan.moves.first { $0.slots.contains(UInt16(huge)) })
        #expect(move.slots.count == 1 && move.bytes == 3 * ReshardingLimits.bytesPerMoveMax)
        checkMoves(plan, counts: counts, "a huge slot")
    }

    @Test func targetsTakeFromTheirSourcesInTurn() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b", "c"])
        let plan = try ReshardPlan(ReshardRequest(add: add(["d", "e"])), current: map, policy: .fixed)
        let first = plan.moves.filter { $0.target == "d" }
        #expect(first[0].source != first[1].source)
        #expect(first[0].source != plan.moves.first { $0.target == "e" }?.source)
    }

    @Test func policiesAreComparedSideBySide() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
        let counts = [SlotCount](repeating: SlotCount(keys: 10, bytes: 100_000), count: Self.slots)
        let request = ReshardRequest(add: add(["c"]))
        let plans = try ReshardPlan.comparison(of: request, current: map, policy: .fixed, counts: counts)
        #expect(plans.map(\.policyAfter) == PlacementPolicy.allCases)
        #expect(plans[0].estimate.moved.slots == 5461 && plans[0].warnings.isEmpty)
        #expect(plans[1].estimate.moved.slots > 8_000 && plans[1].warnings.contains { $0.contains("would be enough") })
        #expect(plans[0].estimate.leastSlots == 5461)
        #expect(plans[0].estimate.seconds(rate: nil) < plans[1].estimate.seconds(rate: nil))
    }

    @Test func secondsFollowTheRate() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        let counts = [SlotCount](repeating: SlotCount(keys: 10, bytes: 1 << 20), count: Self.slots)
        let plan = try ReshardPlan(ReshardRequest(add: add(["b"])), current: map, policy: .fixed, counts: counts)
        let beside = 0.05 * Double(plan.moves.count)
        #expect(abs(plan.estimate.seconds(rate: 8192 << 20) - 1 - beside) < 0.01)
        #expect(abs(plan.estimate.seconds(rate: 819_200 << 10) - 10.24 - beside) < 0.01)
    }

    @Test func plansAreWrittenAsJSON() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        let plan = try ReshardPlan(ReshardRequest(add: add(["b"])), current: map, policy: .fixed)
        let text = String(decoding: try JSONEncoder().encode(plan), as: UTF8.self)
        for field in ["map_version", "least_slots", "balance_after", "estimated_seconds", "policy_after"] {
            #expect(text.contains("\"\(field)\""))
        }
    }

    @Test func unknownShardsAndSlotsAreRefusedAlsoUnchecked() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        let request = ReshardRequest(moves: [.init(slots: try SlotList("0"), shard: "z")])
        #expect(throws: ReshardError.self) { try ReshardPlan(request, current: map, policy: .fixed) }
        let nobody = ReshardRequest(remove: ["a"])
        #expect(throws: ReshardError.self) { try ReshardPlan(nobody, current: map, policy: .fixed) }
        let twice = ReshardRequest(add: add(["a"]))
        #expect(throws: ReshardError.self) { try ReshardPlan(twice, current: map, policy: .fixed) }
    }
}
