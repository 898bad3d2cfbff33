import Model

/// Questions about the shard as a whole. Those that are answered by the engine wait for the applier first, so nothing
/// committed is missed: call them from a thread, not from an event loop.
extension ShardStore {
    /// What the status document tells of the store.
    package struct Status: Sendable {
        package var commitPosition: Position
        package var appliedPosition: Position
        package var unappliedBytes: Int
        package var hotEntries: Int
        package var hotBytes: Int
        package var mode: CommitMode
        package var syncMicroseconds: Double
        /// Why the store takes no more writes until it is opened again.
        package var failure: StorageError?
        /// Why the engine can't take writes at the moment.
        package var engineError: StorageError?
        /// Why a leader refuses writes although there is room on the disk; also of a replica.
        package var reserveError: StorageError?
        /// Why writes are refused although this node is the leader.
        package var refusal: StorageError?
    }

    /// Blocks for a moment. Any thread.
    package func status() -> Status {
        let hot = visible.size
        return lock.withLock {
            Status(
                commitPosition: committed.position,
                appliedPosition: committed.applied,
                unappliedBytes: pipeline.unappliedBytes,
                hotEntries: hot.entries,
                hotBytes: hot.bytes,
                mode: pipeline.pace.commitMode,
                syncMicroseconds: pipeline.pace.averageMicroseconds,
                failure: pipeline.failure,
                engineError: pipeline.engineError,
                reserveError: pipeline.diskReserve.refusal,
                refusal: isLeaderNow && !pipeline.quorum.hasEnoughMembers ? pipeline.quorum.tooFewMembers : nil
            )
        }
    }

    /// What of the engine's contents was found damaged: a member that has it needs a new copy. Blocks for a moment. Any thread.
    package var damage: StorageError? {
        if let error = views.damage.error { return error }
        return lock.withLock { pipeline.engineError.flatMap { DamageNote.isDamage($0) ? $0 : nil } }
    }

    /// Of the log, what is in flight included. Lock held.
    package var term: UInt64 { pipeline.term }

    /// Tells the store how much room its disk has, and how much of it is to be kept. Any thread.
    package func noteDisk(bytesFree: UInt64, reserve: UInt64) {
        lock.withLock {
            if pipeline.diskReserve.bytes != reserve { pipeline.diskReserve = DiskReserve(bytes: reserve) }
            pipeline.diskReserve.note(bytesFree: bytesFree)
        }
    }

    /// The newest visible record. Lock held.
    package var commitPosition: Position { committed.position }

    /// Up to where the engine has everything. Lock held.
    package var appliedPosition: Position { committed.applied }

    /// Waits until the engine holds everything that was committed at the call, or can't take it. Blocks.
    /// - Parameter patience: milliseconds after which it gives up.
    package func flushApplied(patience: Int = .max) { applier.flush(patience: patience) }

    /// A frozen view that includes everything committed at the call. Blocks.
    package func snapshot() throws(StorageError) -> any EngineSnapshot {
        flushApplied()
        if let error = lock.withLock({ pipeline.failure ?? pipeline.engineError }) { throw error }
        if isBeingInstalled { throw StorageError(.closed, "a snapshot of the shard is being put in; try again later") }
        return try views.freeze()
    }

    // MARK: Counts

    /// Exact counts of the slots: whatever is here of them, owned or not. What an engine lacks that can't take writes, or
    /// takes too long for them, is counted in memory. Blocks.
    package func counts(of slots: ClosedRange<UInt16>) -> [SlotCount] { keyCounts.counts(of: slots) }

    /// The same for every slot: 16,384 counts.
    package func slotCounts() -> [SlotCount] { keyCounts.counts(of: ShardCounts.allSlots) }

    /// Keys of slots whose expiry has come and that the leader has not deleted yet: readers don't see them any more.
    /// - Parameter shows: whether the slot counts.
    package func expiredKeys(now: UInt64, shows: (UInt16) -> Bool) throws(StorageError) -> UInt64 {
        try keyCounts.expiredKeys(now: now, shows: shows)
    }

    /// Exact sum over the slots that the log says are owned, or over all while it says nothing: what was copied here and
    /// not taken over yet, or given away and not cleared yet, is nobody's to see. Blocks.
    /// - Parameter patience: milliseconds to wait for the applier at the most; then the sum is that much older, but for an
    ///   engine that is stuck or refuses writes: what it lacks is counted in memory.
    package func total(patience: Int = .max) -> SlotCount { keyCounts.total(patience: patience) }

    /// Slots that hold keys and that the log does not say are owned: all that hold any while it says nothing, as in a new
    /// shard whose first moves were called off. Blocks.
    /// - Throws: why the engine does not have yet what was committed before the call: those slots would be missed.
    package func leftoverSlots() throws(StorageError) -> SlotSet { try keyCounts.leftoverSlots() }
}
