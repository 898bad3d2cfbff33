import Model

/// Whether a write may be queued now.
package enum WriteAdmission {
    case admitted
    /// Too much is unapplied: stop reading this connection until `StoreSignal.room`.
    case wait
    case refused(StorageError)
}

/// Writes of clients, and those that the node itself appends.
extension ShardStore {
    /// Asks before a command that writes up to `bytes` is evaluated. Lock held.
    @inline(__always)
    package func admit(bytes: Int, port: StorePort) -> WriteAdmission { pipeline.admit(bytes: bytes, port: port) }

    /// Asks, beside `admit(bytes:port:)`, before a write is evaluated that wants an in-sync set of `count` members, this
    /// one included. The set may still shrink before the write is committed: `StoreSignal.committed` tells. Lock held.
    package func admit(acknowledgements count: Int, port: StorePort) -> WriteAdmission {
        pipeline.admit(acknowledgements: count, port: port)
    }

    /// Queues a put. Lock held, after `admit`.
    /// - Returns: the number of the batch the reply must wait for.
    @inline(__always)
    @discardableResult
    package func put(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer,
        expiry: UInt64,
        port: StorePort
    ) -> UInt64 {
        pipeline.queue(LogRecord(kind: .put, slot: slot, expiry: expiry, key: key, value: value), port: port)
    }

    /// Queues a delete. Lock held, after `admit`.
    @discardableResult
    package func delete(slot: UInt16, key: UnsafeRawBufferPointer, port: StorePort) -> UInt64 {
        pipeline.queue(LogRecord(kind: .delete, slot: slot, key: key), port: port)
    }

    /// The version (sequence) that the last queued record will have. Lock held.
    package var lastQueuedVersion: UInt64 { pipeline.lastQueuedVersion }

    /// Says that this loop waits for what is in flight now: a conditional command that changed nothing answers only
    /// when the writes it looked at are durable. Lock held.
    /// - Returns: the number of the newest batch that is not visible yet, or nil if there is none.
    package func awaitPending(_ port: StorePort) -> UInt64? { pipeline.awaitPending(port) }

    /// Whether somebody must call `commit` at the end of this tick. Lock held.
    package var needsCommit: Bool { pipeline.needsCommit }

    /// Commits what all loops have queued: one append, one sync, then visibility and replies.
    ///
    /// Called at the end of a tick by any loop. If another thread is committing, it takes these writes along and this
    /// call returns at once. On a slow disk the work goes to the commit thread.
    package func commit() { pipeline.commit() }

    // MARK: Slots

    /// From the return on, commands are let in as this says; nil lets all of them in. What waits asks again.
    ///
    /// What was admitted before is in the log's order before anything that is appended afterwards. Any thread.
    package func setServing(_ serving: SlotServing?) {
        var woken: StoreWaiters.Woken = []
        lock.withLock {
            if slots.setServing(serving) { pipeline.waiters.releaseSlots(&woken) }
        }
        for port in woken { port.wake() }
    }

    /// Asks before a command on a key of the slot is evaluated, and before `admit` for a write. Without a gate every slot is
    /// served. If the command is parked, the port is told when to ask again. Lock held.
    @inline(__always)
    package func gate(slot: UInt16, isWrite: Bool, port: StorePort) -> Admission.Gate {
        slots.gate(slot: slot, isWrite: isWrite, port: port)
    }

    /// Whether the log says that the slot is another shard's. Lock held.
    @inline(__always)
    package func disowns(_ slot: UInt16) -> Bool { slots.disowns(slot) }

    /// What the shard owns as of the commit position; nil while no record of the log has said so. Lock held.
    package var ownership: SlotOwnership? { slots.ownership }

    /// The same, without the lock.
    package func ownedSlots() -> SlotOwnership? { lock.withLock { slots.ownership } }

    // MARK: What the node appends while slots come and go

    /// Puts keys into the log, with the versions they have, and waits until that is committed. They are of slots that the
    /// shard does not own: nobody reads them. Blocks.
    /// - Parameters:
    ///   - bytes: of the keys and values, with about `LogRecord.headerBytes` and `importVersionBytes` for each.
    ///   - term: of the leadership in which the copy was begun.
    ///   - body: calls its argument for each: slot, key, value (nil deletes). What is borrowed need only live for that
    ///     call. Called once, with the store's lock held: no longer than a chunk of 256 KiB takes.
    /// - Throws: `.notLeader` when the term is over, and the records may or may not be in the log; `.tooFewInSync` also when
    ///   they are committed on fewer disks than MinInSync asks for; with any other code nothing was appended.
    package func importKeys(
        bytes: Int,
        term: UInt64,
        port: StorePort,
        _ body: (_ add: (UInt16, UnsafeRawBufferPointer, StoredValue?) -> Void) -> Void
    ) throws(StorageError) {
        try transfer.importKeys(bytes: bytes, term: term, port: port, body)
    }

    /// Says through the log that the shard owns, and owns no longer, these slots beside what it owns already (at first
    /// nothing), and waits until that is committed. Blocks.
    /// - Parameters:
    ///   - mapVersion: of the slot map that it follows.
    ///   - term: of the leadership in which this was decided.
    /// - Returns: the record's position.
    /// - Throws: `.notLeader` when the term is over, and the record may or may not be in the log; with any other code
    ///   nothing was appended.
    package func changeOwnership(
        own: SlotSet,
        disown: SlotSet,
        mapVersion: UInt64,
        term: UInt64,
        port: StorePort
    ) throws(StorageError) -> Position {
        try transfer.changeOwnership(own: own, disown: disown, mapVersion: mapVersion, term: term, port: port)
    }

    /// No log has so many records.
    package static let sequenceMax = SlotTransfer.sequenceMax

    /// Sees to it that whatever is appended from the return on has a higher sequence than `version`, which came with keys
    /// of another shard: the versions of a key only rise. Committed at the return. Blocks.
    /// - Parameter term: of the leadership in which this was decided.
    /// - Returns: the commit position, at or after `version`.
    /// - Throws: `.outOfRange` for a version that no log can have; otherwise as `changeOwnership`, and `.tooFewInSync` also
    ///   when it is committed on fewer disks than MinInSync asks for.
    package func jump(above version: UInt64, term: UInt64, port: StorePort) throws(StorageError) -> Position {
        try transfer.jump(above: version, term: term, port: port)
    }

    /// Deletes all keys of the slots through the log, owned or not, and waits until that is committed; where nothing is,
    /// nothing is appended. Blocks.
    /// - Parameter term: of the leadership in which this was decided.
    /// - Throws: as `importKeys`.
    package func clear(_ slots: SlotSet, term: UInt64, port: StorePort) throws(StorageError) {
        try transfer.clear(slots, term: term, port: port)
    }

    /// Deletes all keys of the slots through the log and waits until that is durable and applied. Blocks.
    /// - Parameter wanted: the term of the leadership in which that was decided; nil: of now.
    /// - Returns: how many keys they held.
    package func clear(
        _ ranges: [ClosedRange<UInt16>],
        term wanted: UInt64? = nil,
        port: StorePort
    ) throws(StorageError) -> UInt64 {
        try transfer.clear(ranges, term: wanted, port: port)
    }

    /// Keeps the log after a sequence from being cut, as long as no more than `pinnedLogBytesMax` are kept for it. Any thread.
    /// - Parameters:
    ///   - id: of whoever needs it; replaces its earlier pin.
    ///   - sequence: nil lets go.
    package func pinLog(id: UInt64, after sequence: UInt64?) { logUpkeep.pin(id: id, after: sequence) }
}
