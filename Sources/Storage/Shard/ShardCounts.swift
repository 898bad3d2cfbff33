import Model
import Synchronization

/// How many keys there are, and where. Has no state of its own; all of it blocks for the applier: for a thread, not for an
/// event loop.
struct ShardCounts: Sendable {
    let engine: any StorageEngine
    let pipeline: WritePipeline
    let committed: CommittedState
    let slots: ServedSlots
    let visible: VisibleState
    let views: EngineViews
    let applier: Applier

    static let allSlots = 0...UInt16(StorageLimits.slotCount - 1)
    private static let wholeSet: SlotSet = {
        var set = SlotSet()
        set.insert(ShardCounts.allSlots)
        return set
    }()

    /// How long counts wait for the applier, in milliseconds, before what the engine lacks is counted in memory.
    private static let patience = 2000

    /// Exact counts of the slots: whatever is here of them, owned or not. What an engine lacks that can't take writes, or
    /// takes too long for them, is counted in memory.
    func counts(of range: ClosedRange<UInt16>) -> [SlotCount] {
        applier.flush(patience: ShardCounts.patience) ? engine.counts(of: range) : countsWithMemory(of: range)
    }

    /// Windows that may end while memory is looked through, before the counts are taken as they are.
    private static let attemptsMax = 3

    private func countsWithMemory(of range: ClosedRange<UInt16>) -> [SlotCount] {
        for _ in 0..<ShardCounts.attemptsMax {
            // First: what is counted after it may belong to a later position, which shows in the end.
            let position = engine.appliedPosition
            let (isLacking, cleared) = pipeline.lock.withLock {
                (!committed.isApplied && !committed.isInstalling, committed.clearing)
            }
            var counts = engine.counts(of: range)
            guard isLacking else { return counts }
            for slot in range where cleared.contains(slot) { counts[Int(slot - range.lowerBound)] = SlotCount() }
            let isCounted = countUnapplied(of: range, cleared: cleared, into: &counts)
            if isCounted, engine.appliedPosition == position { return counts }
        }
        return engine.counts(of: range)
    }

    /// - Returns: false if the engine can't be asked what it has.
    private func countUnapplied(
        of range: ClosedRange<UInt16>,
        cleared: SlotSet,
        into counts: inout [SlotCount]
    ) -> Bool {
        var entries: [(slot: UInt16, key: [UInt8], bytes: Int?)] = []
        visible.forEachUnapplied { entry in
            guard range.contains(entry.pointee.slot) else { return }
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
                counts[Int(entry.slot - range.lowerBound)].replace(known, with: entry.bytes, keyBytes: entry.key.count)
            }
            return true
        } catch {
            // The caller then counts what the engine says.
            return false
        }
    }

    /// Expired keys that are still counted are looked for so far; the leader deletes as many in a second or two.
    private static let expiredKeysMax = 100_000

    /// Keys of slots whose expiry has come and that the leader has not deleted yet: readers don't see them any more.
    func expiredKeys(now: UInt64, shows: (UInt16) -> Bool) throws(StorageError) -> UInt64 {
        var keys: UInt64 = 0
        try engine.expired(now: now, limit: ShardCounts.expiredKeysMax) { slot, _, _ in
            if shows(slot) { keys += 1 }
            return true
        }
        return keys
    }

    /// Exact sum over the slots that the log says are owned, or over all while it says nothing: what was copied here and
    /// not taken over yet, or given away and not cleared yet, is nobody's to see. An engine that is only busy is not waited
    /// for beyond `patience`, and counted as it is; one that is stuck or refuses writes gets what it lacks from memory.
    func total(patience: Int) -> SlotCount {
        let isFlushed = applier.flush(patience: patience)
        let (owned, isFailing) = pipeline.lock.withLock {
            (slots.ownership?.slots, pipeline.engineError != nil || committed.isStuck)
        }
        let needsMemory = isFailing && !isFlushed
        guard let owned = owned ?? (needsMemory ? ShardCounts.wholeSet : nil) else { return engine.total }
        let counts =
            needsMemory ? countsWithMemory(of: ShardCounts.allSlots) : engine.counts(of: ShardCounts.allSlots)
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
    func leftoverSlots() throws(StorageError) -> SlotSet {
        let target = pipeline.lock.withLock { committed.position.sequence }
        applier.flush(patience: .max)
        let counts = engine.counts(of: ShardCounts.allSlots)
        let owned = try pipeline.lock.withLock { () throws(StorageError) in
            guard committed.applied.sequence >= target else {
                throw pipeline.failure ?? pipeline.engineError
                    ?? StorageError(.closed, "the store ends, or takes a snapshot in")
            }
            return slots.ownership
        }
        var left = SlotSet()
        for (slot, count) in counts.enumerated() where count.keys > 0 {
            left.insert(UInt16(slot)...UInt16(slot))
        }
        if let owned { left.subtract(owned.slots) }
        return left
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
