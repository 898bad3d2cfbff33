import Storage

/// How slots are given to shards. A policy is a pure function from the map there is and the shards there shall be to
/// the next map; the slot map itself is the same for all.
package enum PlacementPolicy: String, Codable, Sendable, CaseIterable {
    /// Even shares (sizes differ by one at most), moving as few slots as possible. Voldemort, Redis Cluster.
    case fixed
    /// Slot mod number of shards: the paper's. Doubling moves slots only from shard i to shard i + N.
    case modulo
    /// Consistent hashing: each shard has virtual nodes on a ring, a slot belongs to the first one clockwise. Dynamo,
    /// Cassandra. A new shard takes slots from all others, which exchange none among themselves.
    case ring

    /// More shards than slots would leave some without any.
    package static let shardsMax = StorageLimits.slotCount

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
