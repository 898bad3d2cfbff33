import Synchronization

/// How many keys there are, and where. All of it blocks for the applier: call it from a thread, not from an event loop.
extension ShardStore {
    private static let allSlots = 0...UInt16(StorageLimits.slotCount - 1)
    private static let wholeSet: SlotSet = {
        var set = SlotSet()
        set.insert(ShardStore.allSlots)
        return set
    }()

    /// Exact counts of the slots: whatever is here of them, owned or not. Where the engine can't take writes, what it lacks
    /// is counted in memory.
    package func counts(of slots: ClosedRange<UInt16>) -> [SlotCount] {
        flushApplied()
        return countsNow(of: slots)
    }

    /// Windows that may end while memory is looked through, before the counts are taken as they are.
    private static let countAttemptsMax = 3

    private func countsNow(of slots: ClosedRange<UInt16>) -> [SlotCount] {
        for _ in 1..<ShardStore.countAttemptsMax {
            let (position, isBehind, cleared) = lock.withLock {
                (appliedPosition, applierTrouble != nil && appliedPosition < commitPosition && !isInstalling, clearing)
            }
            var counts = engine.counts(of: slots)
            guard isBehind else { return counts }
            for slot in slots where cleared.contains(slot) { counts[Int(slot - slots.lowerBound)] = SlotCount() }
            let isCounted = countUnapplied(of: slots, cleared: cleared, into: &counts)
            if isCounted, lock.withLock({ appliedPosition == position }) { return counts }
        }
        return engine.counts(of: slots)
    }

    /// - Returns: false if the engine can't be asked what it has.
    private func countUnapplied(
        of slots: ClosedRange<UInt16>,
        cleared: SlotSet,
        into counts: inout [SlotCount]
    ) -> Bool {
        var entries: [(slot: UInt16, key: [UInt8], bytes: Int?)] = []
        visible.forEachUnapplied { entry in
            guard slots.contains(entry.pointee.slot) else { return }
            let bytes = entry.pointee.isDeleted ? nil : Int(entry.pointee.valueLength)
            entries.append((entry.pointee.slot, Array(entry.key), bytes))
        }
        do throws(StorageError) {
            let view = try views.take()
            defer { views.giveBack(view) }
            for entry in entries {
                let now = Clock.monotonicNanoseconds()
                try view.begin(
                    atLeast: visible.applied.load(ordering: .sequentiallyConsistent),
                    replacements: visible.replacements.load(ordering: .sequentiallyConsistent),
                    now: now
                )
                let old = try entry.key.withRawBytes { key throws(StorageError) in
                    try view.read(slot: entry.slot, key: key) { $0?.bytes.count }
                }
                let known = cleared.contains(entry.slot) ? nil : old
                counts[Int(entry.slot - slots.lowerBound)].replace(known, with: entry.bytes, keyBytes: entry.key.count)
            }
            return true
        } catch {
            return false
        }
    }

    /// Expired keys that are still counted are looked for so far; the leader deletes as many in a second or two.
    private static let expiredKeysMax = 100_000

    /// Keys of slots whose expiry has come and that the leader has not deleted yet: readers don't see them any more.
    /// - Parameter shows: whether the slot counts.
    package func expiredKeys(now: UInt64, shows: (UInt16) -> Bool) throws(StorageError) -> UInt64 {
        var keys: UInt64 = 0
        try engine.expired(now: now, limit: ShardStore.expiredKeysMax) { slot, _, _ in
            if shows(slot) { keys += 1 }
            return true
        }
        return keys
    }

    /// The same for every slot: 16,384 counts.
    package func slotCounts() -> [SlotCount] { counts(of: ShardStore.allSlots) }

    /// Exact sum over the slots that the log says are owned, or over all while it says nothing: what was copied here and
    /// not taken over yet, or given away and not cleared yet, is nobody's to see.
    /// - Parameter patience: milliseconds to wait for the applier at the most; then the sum is that much behind.
    package func total(patience: Int = .max) -> SlotCount {
        flushApplied(patience: patience)
        let owned = ownedSlots()?.slots
        guard let owned = owned ?? (lock.withLock { applierTrouble } == nil ? nil : ShardStore.wholeSet) else {
            return engine.total
        }
        let counts = countsNow(of: ShardStore.allSlots)
        return owned.ranges.reduce(into: SlotCount()) { sum, range in
            for slot in range {
                sum.keys += counts[Int(slot)].keys
                sum.bytes += counts[Int(slot)].bytes
            }
        }
    }

    /// Slots that hold keys and that the log does not say are owned: all that hold any while it says nothing, as in a new
    /// shard whose first moves were called off.
    /// - Throws: why the engine does not have yet what was committed before the call: those slots would be missed.
    package func leftoverSlots() throws(StorageError) -> SlotSet {
        let target = lock.withLock { commitPosition.sequence }
        let counts = slotCounts()
        try lock.withLock { () throws(StorageError) in
            guard appliedPosition.sequence < target else { return }
            throw failure ?? applierTrouble ?? StorageError(.closed, "the store ends, or takes a snapshot in")
        }
        var left = SlotSet()
        for (slot, count) in counts.enumerated() where count.keys > 0 {
            left.insert(UInt16(slot)...UInt16(slot))
        }
        if let owned = ownedSlots() { left.subtract(owned.slots) }
        return left
    }

    /// Whether the log says that the slot is another shard's. Lock held.
    @inline(__always)
    package func disowns(_ slot: UInt16) -> Bool {
        guard ownership != nil else { return false }
        return ownership?.slots.contains(slot) == false
    }
}

extension SlotCount {
    /// One key's value was replaced: its length before and after, nil for none.
    fileprivate mutating func replace(_ old: Int?, with new: Int?, keyBytes: Int) {
        if let old {
            keys -= min(keys, 1)
            bytes -= min(bytes, UInt64(keyBytes + old))
        }
        if let new {
            keys += 1
            bytes += UInt64(keyBytes + new)
        }
    }
}
