import Model

/// A replica's side of the log: batches come from the leader, become durable here, and visible once the leader's commit
/// position has passed them. One caller at a time (the follower's driver), which has the log to itself; has no state of its
/// own.
struct ReplicaLog: Sendable {
    let log: CommitLog
    let options: StoreOptions
    let pipeline: WritePipeline
    let committed: CommittedState

    /// Appends batches of the leader and makes them durable. Blocks for one sync.
    /// - Throws: `.diskFull` when the first ones may be in the log, not synced, and there was no space for the rest.
    func append(_ batches: [LogBatch]) throws(StorageError) {
        let started = Clock.monotonicNanoseconds()
        var appended = 0
        do throws(StorageError) {
            for batch in batches {
                try log.append(batch)
                appended += 1
            }
            try log.sync()
        } catch {
            pipeline.lock.withLock {
                guard error.code == .diskFull else { return pipeline.failure = error }
                // They are in the log, and whatever is appended next follows them.
                committed.keepAside(Array(batches.prefix(appended)))
                pipeline.followLog()
            }
            throw error
        }
        let microseconds = Double(Clock.monotonicNanoseconds() - started) / 1000
        pipeline.lock.withLock {
            if options.durability == .fsync { pipeline.pace.observe(microseconds: microseconds) }
            committed.keepAside(batches)
            pipeline.followLog()
        }
        pipeline.notifyObservers()
    }

    /// Makes visible what the leader says is committed, as far as it is here.
    func advanceCommit(to sequence: UInt64) {
        pipeline.lock.withLock { committed.publishUncommitted(through: sequence) }
        pipeline.notifyObservers()
    }

    /// Cuts the tail of another history. Never below the commit position.
    func truncate(after position: Position) throws(StorageError) {
        let kept = pipeline.lock.withLock { committed.position }
        guard position >= kept else {
            throw StorageError(.outOfRange, "records up to \(kept) are committed and can't be cut at \(position)")
        }
        try log.truncate(after: position)
        pipeline.lock.withLock {
            committed.dropUncommitted(after: position)
            pipeline.followLog()
        }
    }
}
