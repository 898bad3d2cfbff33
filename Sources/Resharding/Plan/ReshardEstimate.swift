import Model
import Routing

/// What a plan costs and brings.
package struct ReshardEstimate: Hashable, Sendable, Codable {
    /// One shard, before and after.
    package struct Share: Hashable, Sendable, Codable {
        package var name: String
        package var isNew: Bool
        package var isLeaving: Bool
        package var before: ReshardAmount
        package var after: ReshardAmount

        package enum CodingKeys: String, CodingKey {
            case name
            case isNew = "new"
            case isLeaving = "leaving"
            case before, after
        }
    }

    /// How uneven shares are: the largest over the mean, 1 being even; also 1 where there is nothing.
    package struct Balance: Hashable, Sendable, Codable {
        package var slots: Double
        package var keys: Double
        package var bytes: Double
    }

    package var moved: ReshardAmount
    /// The fewest slots that even shares for these shards cost: of those that leave, and above the even share.
    package var leastSlots: Int
    /// In the order of the present map, then the new ones.
    package var shards: [Share]
    package var balanceBefore: Balance
    package var balanceAfter: Balance
    package var moves: Int
    /// The most moves that one target takes; targets work side by side.
    package var movesOfBusiestTarget: Int

    package enum CodingKeys: String, CodingKey {
        case moved
        case leastSlots = "least_slots"
        case shards
        case balanceBefore = "balance_before"
        case balanceAfter = "balance_after"
        case moves
        case movesOfBusiestTarget = "moves_of_busiest_target"
    }

    init(from current: SlotMap, to target: SlotMap, counts: [SlotCount], moves: [ReshardMove]) {
        var moved = ReshardAmount()
        var before: [String: ReshardAmount] = [:]
        var after: [String: ReshardAmount] = [:]
        for slot in 0..<UInt16(StorageLimits.slotCount) {
            let count = counts.isEmpty ? nil : counts[Int(slot)]
            let old = current.ownerName(of: slot)
            let new = target.ownerName(of: slot)
            before[old, default: ReshardAmount()].add(count)
            after[new, default: ReshardAmount()].add(count)
            if old != new { moved.add(count) }
        }
        self.moved = moved
        let names = current.shardNames + target.shardNames.filter { current.index(ofShard: $0) == nil }
        shards = names.map { name in
            Share(
                name: name,
                isNew: current.index(ofShard: name) == nil,
                isLeaving: target.index(ofShard: name) == nil,
                before: before[name] ?? ReshardAmount(),
                after: after[name] ?? ReshardAmount()
            )
        }
        leastSlots = Self.leastSlots(from: current, to: target.shardNames)
        balanceBefore = Self.balance(shards.filter { !$0.isNew }.map(\.before))
        balanceAfter = Self.balance(shards.filter { !$0.isLeaving }.map(\.after))
        self.moves = moves.count
        movesOfBusiestTarget = Dictionary(grouping: moves, by: \.target).values.map(\.count).max() ?? 0
    }

    /// How long it takes, in seconds: the bytes at that rate (all targets together; nil: what one disk takes), and what
    /// each move costs beside.
    package func seconds(rate: UInt64?) -> Double {
        let rate = Double(max(1, rate ?? ReshardingLimits.assumedBytesPerSecond))
        let beside = Double(movesOfBusiestTarget) * Double(ReshardJobLimits.assumedMoveMilliseconds) / 1_000
        return Double(moved.bytes) / rate + beside
    }

    /// Even shares differ by one at most; who has more keeps more.
    private static func leastSlots(from current: SlotMap, to shards: [String]) -> Int {
        let (share, rest) = StorageLimits.slotCount.quotientAndRemainder(dividingBy: max(1, shards.count))
        let staying = Set(shards)
        var larger = rest
        var least = 0
        for (index, name) in current.shardNames.enumerated() {
            let count = current.slotCount(ofShard: UInt16(index))
            guard staying.contains(name) else {
                least += count
                continue
            }
            guard count > share else { continue }
            least += count - share - (larger > 0 ? 1 : 0)
            larger = max(0, larger - 1)
        }
        return least
    }

    private static func balance(_ amounts: [ReshardAmount]) -> Balance {
        func ratio(_ field: KeyPath<ReshardAmount, UInt64>) -> Double {
            let values = amounts.map { Double($0[keyPath: field]) }
            let sum = values.reduce(0, +)
            guard sum > 0, let most = values.max() else { return 1 }
            return most * Double(values.count) / sum
        }
        return Balance(slots: ratio(\.slots), keys: ratio(\.keys), bytes: ratio(\.bytes))
    }
}
