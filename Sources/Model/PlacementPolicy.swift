/// How slots are given to shards. Routing computes the maps.
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
}
