import Model

/// A policy is a pure function from the map there is and the shards there shall be to the next map; the slot map itself
/// is the same for all.
extension PlacementPolicy {
    /// The map for `shards`, names in index order, after `current` (nil: a new cluster).
    ///
    /// Deterministic. The version is the current one when nothing changes, else one more; a first map has version 1.
    package func map(current: SlotMap?, shards: [String]) throws(RoutingError) -> SlotMap {
        guard !shards.isEmpty, shards.count <= Self.shardsMax else {
            throw RoutingError(.badPlacement, "slots need 1 to \(Self.shardsMax) shards, not \(shards.count)")
        }
        guard Set(shards).count == shards.count else {
            throw RoutingError(.badPlacement, "a shard is named twice: \(shards.joined(separator: ", "))")
        }
        let owners =
            switch self {
            case .fixed: FixedPlacement.owners(current: current, shards: shards)
            case .modulo: (0..<StorageLimits.slotCount).map { UInt16($0 % shards.count) }
            case .ring: RingPlacement.owners(shards: shards)
            }
        if let current, current.shardNames == shards, current.owners == owners, current.placement == self {
            return current
        }
        return try SlotMap(
            version: (current?.version ?? 0) + 1,
            shardNames: shards,
            owners: owners,
            placement: self
        )
    }
}
