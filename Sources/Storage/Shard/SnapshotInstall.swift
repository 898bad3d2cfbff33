import Model

/// Puts a leader's snapshot in place of what a replica has. One caller at a time, which has engine and log to itself from
/// `begin` to `finish`; has no state of its own: that an installation is under way is `CommittedState.isInstalling`, and the
/// engine's mark on disk.
struct SnapshotInstall: Sendable {
    let engine: any StorageEngine
    let log: CommitLog
    let pipeline: WritePipeline
    let committed: CommittedState
    let slots: ServedSlots
    let damage: DamageNote

    /// Empties the node; reads find nothing until `finish`. Waits for the applier to let go.
    func begin() throws(StorageError) {
        pipeline.lock.withLock { committed.beginInstall() }
        // In this order: an engine that is whole must not be found without what it owns.
        try engine.eraseAll()
        try slots.removeFile()
    }

    /// Stores one chunk.
    /// - Parameter writes: sorted by slot and then key bytes.
    func add(_ writes: UnsafeBufferPointer<EngineWrite>) throws(StorageError) {
        try engine.apply(writes, position: .zero)
    }

    /// Stores what the leader's log changed while the snapshot was made.
    /// - Parameter writes: in the order of the log; the last one of a key counts.
    func addChanges(_ writes: [EngineWrite]) throws(StorageError) {
        let order = writes.indices.sorted { left, right in
            if writes[left].slot != writes[right].slot { return writes[left].slot < writes[right].slot }
            let order = compareKeys(writes[left].key, writes[right].key)
            return order == 0 ? left < right : order < 0
        }
        var newest: [EngineWrite] = []
        for index in order {
            if let last = newest.last, last.slot == writes[index].slot, isEqual(last.key, writes[index].key) {
                newest[newest.count - 1] = writes[index]
            } else {
                newest.append(writes[index])
            }
        }
        try newest.withUnsafeBufferPointer { pointer throws(StorageError) in try add(pointer) }
    }

    /// The snapshot is complete: its position is the new beginning of log and engine.
    /// - Parameter owned: what the leader's shard owns by its log, as of that position or later.
    func finish(position: Position, owned: SlotOwnership?) throws(StorageError) {
        if let owned { try slots.save(owned, at: position) }
        try log.reset(to: position)
        try engine.finishInstall(position: position)
        damage.forget()
        pipeline.lock.withLock {
            committed.finishInstall(at: position, owned: owned)
            pipeline.followLog()
        }
        pipeline.notifyObservers()
    }
}
