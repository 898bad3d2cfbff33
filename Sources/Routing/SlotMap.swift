import Model

/// Which shard owns each slot: the mechanism of all placement policies (docs/architecture.md).
///
/// Always total: every slot has one owner, and that owner is one of `shardNames`.
package struct SlotMap: Hashable, Sendable {
    /// Rises with every change; a node with a lower one is behind.
    package var version: UInt64
    /// In index order: an owner is an index into it.
    package let shardNames: [String]
    /// `StorageLimits.slotCount` shard indexes.
    package let owners: [UInt16]
    /// The policy in force; nil in maps of the time before they said so: then it is config.yaml's. Slots may lie
    /// otherwise: they were moved one by one, or a reshard is under way.
    package let placement: PlacementPolicy?

    /// A run of slots, both ends included.
    package typealias SlotRange = ClosedRange<UInt16>

    package init(
        version: UInt64,
        shardNames: [String],
        owners: [UInt16],
        placement: PlacementPolicy? = nil
    ) throws(RoutingError) {
        guard owners.count == StorageLimits.slotCount else {
            throw RoutingError(.badSlotMap, "a slot map has \(StorageLimits.slotCount) owners, not \(owners.count)")
        }
        if let slot = owners.firstIndex(where: { Int($0) >= shardNames.count }) {
            throw RoutingError(.badSlotMap, "slot \(slot) belongs to shard \(owners[slot]), which does not exist")
        }
        guard Set(shardNames).count == shardNames.count else {
            throw RoutingError(.badSlotMap, "a shard is named twice in the slot map")
        }
        self.init(version: version, checkedNames: shardNames, checkedOwners: owners, placement: placement)
    }

    init(version: UInt64, checkedNames: [String], checkedOwners: [UInt16], placement: PlacementPolicy?) {
        self.version = version
        shardNames = checkedNames
        owners = checkedOwners
        self.placement = placement
    }

    /// The index of the shard that owns `slot`. Constant time; `slot` must be below 16384.
    @inline(__always)
    package func owner(of slot: UInt16) -> UInt16 { owners[Int(slot)] }

    /// The name of the shard that owns `slot`.
    package func ownerName(of slot: UInt16) -> String { shardNames[Int(owner(of: slot))] }

    /// The index of the shard of that name, nil if it owns nothing here and is not in the map.
    package func index(ofShard name: String) -> UInt16? {
        shardNames.firstIndex(of: name).map { UInt16($0) }
    }

    /// The longest runs of slots that shard `index` owns, ascending.
    package func ranges(ofShard index: UInt16) -> [SlotRange] {
        var ranges: [SlotRange] = []
        var start: Int?
        for slot in 0...owners.count {
            let isOwned = slot < owners.count && owners[slot] == index
            if isOwned {
                start = start ?? slot
            } else if let first = start {
                ranges.append(UInt16(first)...UInt16(slot - 1))
                start = nil
            }
        }
        return ranges
    }

    /// All slots outside of `ranges`, which are ascending and don't overlap.
    package static func complement(of ranges: [SlotRange]) -> [SlotRange] {
        var result: [SlotRange] = []
        var next = 0
        for range in ranges {
            if Int(range.lowerBound) > next { result.append(UInt16(next)...(range.lowerBound - 1)) }
            next = Int(range.upperBound) + 1
        }
        if next < StorageLimits.slotCount { result.append(UInt16(next)...UInt16(StorageLimits.slotCount - 1)) }
        return result
    }

    /// How many slots shard `index` owns.
    package func slotCount(ofShard index: UInt16) -> Int {
        owners.reduce(0) { $0 + ($1 == index ? 1 : 0) }
    }

    /// The slots that `self` gives to another shard, by name, than `other` does.
    package func movedSlots(from other: SlotMap) -> [UInt16] {
        (0..<UInt16(owners.count)).filter { ownerName(of: $0) != other.ownerName(of: $0) }
    }
}

extension SlotMap: Codable {
    private enum CodingKeys: String, CodingKey {
        case version, shards, runs, placement
    }

    /// Runs of equal owners as `[length, owner, length, owner, …]`: small for `fixed` and `ring`, and never more than
    /// twice the slots.
    package func encode(to encoder: any Encoder) throws {
        var runs: [Int] = []
        var start = 0
        for slot in 1...owners.count where slot == owners.count || owners[slot] != owners[start] {
            runs += [slot - start, Int(owners[start])]
            start = slot
        }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(version, forKey: .version)
        try container.encode(shardNames, forKey: .shards)
        try container.encode(runs, forKey: .runs)
        try container.encodeIfPresent(placement, forKey: .placement)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let runs = try container.decode([Int].self, forKey: .runs)
        var owners: [UInt16] = []
        for index in stride(from: 0, to: runs.count - 1, by: 2) {
            guard let owner = UInt16(exactly: runs[index + 1]), runs[index] > 0,
                runs[index] <= StorageLimits.slotCount - owners.count
            else { throw RoutingError(.badSlotMap, "the runs of a slot map are no list of lengths and owners") }
            owners.append(contentsOf: repeatElement(owner, count: runs[index]))
        }
        try self.init(
            version: container.decode(UInt64.self, forKey: .version),
            shardNames: container.decode([String].self, forKey: .shards),
            owners: owners,
            placement: container.decodeIfPresent(PlacementPolicy.self, forKey: .placement)
        )
    }
}
