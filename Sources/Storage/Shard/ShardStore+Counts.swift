import Synchronization

/// How many keys there are, and where. All of it blocks for the applier: call it from a thread, not from an event loop.
extension ShardStore {
    private static let allSlots = 0...UInt16(StorageLimits.slotCount - 1)

    /// Exact counts of the slots: whatever is here of them, owned or not.
    package func counts(of slots: ClosedRange<UInt16>) -> [SlotCount] {
        flushApplied()
        return engine.counts(of: slots)
    }

    /// The same for every slot: 16,384 counts.
    package func slotCounts() -> [SlotCount] { counts(of: ShardStore.allSlots) }

    /// Exact sum over the slots that the log says are owned, or over all while it says nothing: what was copied here and
    /// not taken over yet, or given away and not cleared yet, is nobody's to see.
    /// - Parameter patience: milliseconds to wait for the applier at the most; then the sum is that much behind.
    package func total(patience: Int = .max) -> SlotCount {
        flushApplied(patience: patience)
        guard let owned = ownedSlots()?.slots else { return engine.total }
        let counts = engine.counts(of: ShardStore.allSlots)
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
