import Model

/// Even shares with the least movement.
enum FixedPlacement {
    static func owners(current: SlotMap?, shards: [String]) -> [UInt16] {
        guard let current else { return contiguous(shards.count) }
        var owners = translated(current, to: shards)
        var counts = [Int](repeating: 0, count: shards.count)
        for case let owner? in owners { counts[Int(owner)] += 1 }
        let targets = targets(for: counts)

        // From the highest slots down, so that what a shard keeps stays one run where it was one.
        for slot in owners.indices.reversed() {
            guard let owner = owners[slot], counts[Int(owner)] > targets[Int(owner)] else { continue }
            owners[slot] = nil
            counts[Int(owner)] -= 1
        }
        var receiver = 0
        return owners.map { owner in
            if let owner { return owner }
            while counts[receiver] >= targets[receiver] { receiver += 1 }
            counts[receiver] += 1
            return UInt16(receiver)
        }
    }

    private static func contiguous(_ shards: Int) -> [UInt16] {
        var owners: [UInt16] = []
        for shard in 0..<shards {
            let start = shard * StorageLimits.slotCount / shards
            let end = (shard + 1) * StorageLimits.slotCount / shards
            owners.append(contentsOf: repeatElement(UInt16(shard), count: end - start))
        }
        return owners
    }

    /// The current owners as indexes into `shards`; nil where the owner is gone.
    private static func translated(_ current: SlotMap, to shards: [String]) -> [UInt16?] {
        let indexes = Dictionary(uniqueKeysWithValues: shards.enumerated().map { ($1, UInt16($0)) })
        let translation = current.shardNames.map { indexes[$0] }
        return current.owners.map { translation[Int($0)] }
    }

    /// Even shares; the slots that do not divide go to those that have most already, which saves moving them.
    private static func targets(for counts: [Int]) -> [Int] {
        let (share, rest) = StorageLimits.slotCount.quotientAndRemainder(dividingBy: counts.count)
        var targets = [Int](repeating: share, count: counts.count)
        let byCount = counts.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
        for shard in byCount.prefix(rest) { targets[shard] += 1 }
        return targets
    }
}
