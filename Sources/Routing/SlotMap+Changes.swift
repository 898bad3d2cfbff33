import Model

/// The changes that resharding makes, each a new map of the next version.
extension SlotMap {
    /// The map with more shards at the end, which own nothing yet.
    /// - Throws: `.badSlotMap` when a name is there already, or there would be more shards than slots.
    package func adding(shards names: [String]) throws(RoutingError) -> SlotMap {
        guard shardNames.count + names.count <= PlacementPolicy.shardsMax else {
            let count = shardNames.count + names.count
            throw RoutingError(.badSlotMap, "\(count) shards are more than the \(StorageLimits.slotCount) slots")
        }
        return try SlotMap(
            version: version + 1,
            shardNames: shardNames + names,
            owners: owners,
            placement: placement
        )
    }

    /// The map in which these slots belong to the shard of that name.
    /// - Throws: `.badSlotMap` when the map has no such shard.
    package func giving(_ slots: [SlotRange], to name: String) throws(RoutingError) -> SlotMap {
        guard let receiver = index(ofShard: name) else {
            throw RoutingError(.badSlotMap, "the slot map has no shard \(name)")
        }
        var owners = owners
        for range in slots {
            guard Int(range.upperBound) < owners.count else {
                throw RoutingError(.badSlotMap, "not a slot: \(range.upperBound) (0 to \(StorageLimits.slotCount - 1))")
            }
            for slot in range { owners[Int(slot)] = receiver }
        }
        return SlotMap(version: version + 1, checkedNames: shardNames, checkedOwners: owners, placement: placement)
    }

    /// The map without those of these shards that own nothing, and with another policy in force.
    package func dropping(shards names: Set<String>, placement: PlacementPolicy?) -> SlotMap {
        var owns = [Bool](repeating: false, count: shardNames.count)
        for owner in owners { owns[Int(owner)] = true }
        var translation = [UInt16](repeating: 0, count: shardNames.count)
        var kept: [String] = []
        for (index, name) in shardNames.enumerated() where owns[index] || !names.contains(name) {
            translation[index] = UInt16(kept.count)
            kept.append(name)
        }
        return SlotMap(
            version: version + 1,
            checkedNames: kept,
            checkedOwners: owners.map { translation[Int($0)] },
            placement: placement
        )
    }
}
