import Model
import Routing
import Testing

/// Every policy has the same properties: total, balanced within its bound, deterministic, and no more movement than its
/// theory says (docs/architecture.md).
@Suite struct PlacementPolicyTests {
    private static let slots = 16384

    /// One random change after another, each checked.
    private func walk(
        seed: UInt64,
        policy: PlacementPolicy,
        shardsMax: Int,
        check: (_ before: SlotMap, _ after: SlotMap) -> Void
    ) throws {
        var random = SeededRandom(seed: seed)
        var names = (0..<Int.random(in: 1...4, using: &random)).map { "shard\($0)" }
        var next = names.count
        var map = try policy.map(current: nil, shards: names)
        for _ in 0..<12 {
            let isGrowing = names.count == 1 || (names.count < shardsMax && Bool.random(using: &random))
            if isGrowing {
                names.append("shard\(next)")
                next += 1
            } else {
                names.remove(at: Int.random(in: names.indices, using: &random))
            }
            let after = try policy.map(current: map, shards: names)
            #expect(try policy.map(current: map, shards: names) == after, "deterministic, seed \(seed)")
            #expect(after.owners.count == Self.slots && after.owners.allSatisfy { Int($0) < names.count })
            #expect(after.version == map.version + 1)
            #expect(try policy.map(current: after, shards: names) == after, "nothing left to do, seed \(seed)")
            check(map, after)
            map = after
        }
    }

    private func counts(_ map: SlotMap) -> [Int] {
        map.shardNames.indices.map { map.slotCount(ofShard: UInt16($0)) }
    }

    /// The slots a change must move at least: those of shards that went, or above the share of those that stay.
    private func leastMovement(_ before: SlotMap, _ after: SlotMap) -> Int {
        let share = Self.slots / after.shardNames.count
        var rest = Self.slots % after.shardNames.count
        var moved = 0
        for (index, name) in before.shardNames.enumerated() {
            let count = before.slotCount(ofShard: UInt16(index))
            guard after.shardNames.contains(name) else {
                moved += count
                continue
            }
            var excess = max(0, count - share)
            if excess > 0 && rest > 0 {
                excess -= 1
                rest -= 1
            }
            moved += excess
        }
        return moved
    }

    @Test(arguments: 0..<60)
    func fixedIsEvenAndMovesTheLeast(seed: Int) throws {
        try walk(seed: UInt64(seed), policy: .fixed, shardsMax: 40) { before, after in
            let counts = counts(after)
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            #expect(after.movedSlots(from: before).count == leastMovement(before, after), "seed \(seed)")
        }
    }

    @Test(arguments: 0..<40)
    func ringIsBalancedAndMovesItsShare(seed: Int) throws {
        try walk(seed: UInt64(seed), policy: .ring, shardsMax: RingPlacement.boundedShards) { before, after in
            let even = Double(Self.slots) / Double(after.shardNames.count)
            for count in counts(after) {
                #expect(abs(Double(count) / even - 1) <= RingPlacement.imbalanceMax, "seed \(seed)")
            }
            let moved = after.movedSlots(from: before)
            let larger = max(before.shardNames.count, after.shardNames.count)
            #expect(Double(moved.count) <= 1.2 * Double(Self.slots) / Double(larger), "seed \(seed)")
            let strangers = Set(before.shardNames).symmetricDifference(after.shardNames)
            let isBetweenSurvivors = moved.contains {
                !strangers.contains(before.ownerName(of: $0)) && !strangers.contains(after.ownerName(of: $0))
            }
            #expect(!isBetweenSurvivors, "survivors exchanged slots, seed \(seed)")
        }
    }

    @Test func ringDoesNotDependOnTheOrderOfShards() throws {
        let one = try PlacementPolicy.ring.map(current: nil, shards: ["a", "b", "c"])
        let other = try PlacementPolicy.ring.map(current: nil, shards: ["c", "a", "b"])
        #expect(other.movedSlots(from: one).isEmpty)
    }

    @Test(arguments: 1...20)
    func moduloDoublingMovesToTheTwinOnly(shards: Int) throws {
        let names = (0..<(2 * shards)).map { "shard\($0)" }
        let before = try PlacementPolicy.modulo.map(current: nil, shards: Array(names.prefix(shards)))
        let after = try PlacementPolicy.modulo.map(current: before, shards: names)
        for slot in after.movedSlots(from: before) {
            #expect(Int(after.owner(of: slot)) == Int(before.owner(of: slot)) + shards)
        }
        let counts = counts(after)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        #expect(after.owners.enumerated().allSatisfy { Int($1) == $0 % (2 * shards) })
    }

    @Test func aPolicyCanFollowAnother() throws {
        let ring = try PlacementPolicy.ring.map(current: nil, shards: ["a", "b", "c"])
        let fixed = try PlacementPolicy.fixed.map(current: ring, shards: ["a", "b", "c"])
        #expect(fixed.movedSlots(from: ring).count == leastMovement(ring, fixed))
    }

    @Test func refusesNoShardsAndTooMany() throws {
        #expect(throws: RoutingError.self) { try PlacementPolicy.fixed.map(current: nil, shards: []) }
        let tooMany = (0...PlacementPolicy.shardsMax).map { "s\($0)" }
        #expect(throws: RoutingError.self) { try PlacementPolicy.fixed.map(current: nil, shards: tooMany) }
        #expect(throws: RoutingError.self) { try PlacementPolicy.ring.map(current: nil, shards: ["a", "a"]) }
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        #expect(throws: RoutingError.self) { try PlacementPolicy.fixed.map(current: map, shards: ["a", "a"]) }
    }
}
