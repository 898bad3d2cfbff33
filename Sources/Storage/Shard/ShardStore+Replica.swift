import Synchronization

/// A replica's side: batches come from the leader, become durable here, and visible once the leader's commit position
/// has passed them. One caller at a time (the follower's driver).
extension ShardStore {
    /// Appends batches of the leader and makes them durable. Blocks for one sync.
    package func appendReplicated(_ batches: [LogBatch]) throws(StorageError) {
        let started = Clock.monotonicNanoseconds()
        do throws(StorageError) {
            for batch in batches { try log.append(batch) }
            try log.sync()
        } catch {
            if error.code != .diskFull { lock.withLock { failure = error } }
            throw error
        }
        let microseconds = Double(Clock.monotonicNanoseconds() - started) / 1000
        lock.withLock {
            if options.durability == .fsync { pace.observe(syncMicroseconds: microseconds) }
            uncommitted.append(contentsOf: batches)
            lastSequence = log.end.sequence
            term = log.end.term
        }
        notifyObservers()
    }

    /// Makes visible what the leader says is committed, as far as it is here.
    package func advanceCommit(to sequence: UInt64) {
        lock.withLock { publishUncommitted(through: sequence) }
        notifyObservers()
    }

    /// Cuts the tail of another history. Never below the commit position.
    package func truncate(after position: Position) throws(StorageError) {
        guard position >= lock.withLock({ commitPosition }) else {
            throw StorageError(
                .outOfRange,
                "records up to \(commitPosition) are committed and can't be cut at \(position)"
            )
        }
        try log.truncate(after: position)
        lock.withLock {
            uncommitted.removeAll { $0.end > position }
            lastSequence = log.end.sequence
            term = log.end.term
        }
    }

    /// Empties the node for a snapshot; reads find nothing until `finishInstall`. Waits for the applier to let go.
    package func beginInstall() throws(StorageError) {
        lock.withLock {
            isInstalling = true
            uncommitted = []
            lock.signalWork()
            while isApplying { lock.waitForProgress(milliseconds: 1000) }
            visible.reset(applied: 0)
            ownership = nil
            ownershipToSave = nil
        }
        // In this order: an engine that is whole must not be found without what it owns.
        try engine.eraseAll()
        try ownershipFile.remove()
    }

    /// Stores one chunk of a snapshot.
    /// - Parameter writes: sorted by slot and then key bytes.
    package func install(_ writes: UnsafeBufferPointer<EngineWrite>) throws(StorageError) {
        try engine.apply(writes, position: .zero)
    }

    /// Stores what the leader's log changed while the snapshot was made.
    /// - Parameter writes: in the order of the log; the last one of a key counts.
    package func installChanges(_ writes: [EngineWrite]) throws(StorageError) {
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
        try newest.withUnsafeBufferPointer { pointer throws(StorageError) in try install(pointer) }
    }

    /// The snapshot is complete: its position is the new beginning of log and engine.
    /// - Parameter owned: what the leader's shard owns by its log, as of that position or later.
    package func finishInstall(position: Position, owned: SlotOwnership? = nil) throws(StorageError) {
        if let owned { try ownershipFile.write(owned, at: position) }
        try log.reset(to: position)
        try engine.finishInstall(position: position)
        lock.withLock {
            appliedPosition = position
            commitPosition = position
            lastSequence = position.sequence
            term = position.term
            visible.reset(applied: position.sequence)
            clearing = SlotSet()
            clearedNext = SlotSet()
            unappliedLogBytes = 0
            ownership = owned
            isInstalling = false
        }
        notifyObservers()
    }

    func notifyObservers() {
        for observer in lock.withLock({ Array(observers.values) }) { observer() }
    }
}
