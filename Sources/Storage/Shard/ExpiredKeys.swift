import Model

/// Deletes keys whose expiry has come: the leader finds them through the engine's index by time and deletes them through the
/// log. Runs on the applier's thread; has no state of its own.
struct ExpiredKeys: Sendable {
    let engine: any StorageEngine
    let pipeline: WritePipeline
    let committed: CommittedState
    let slots: ServedSlots
    let visible: VisibleState

    /// Keys deleted per round, so that a wave of expiries does not hold up the applier.
    private static let batchMax = 2000
    /// Room that is left in the log's file for what clients queue.
    private static let spareBytes = 1024

    func delete() throws(StorageError) {
        let (mayRun, tended) = pipeline.lock.withLock {
            (mayDelete && pipeline.failure == nil && !pipeline.isClosing && !committed.isInstalling, slots.tended)
        }
        guard mayRun else { return }
        let now = Clock.wallMilliseconds()
        var due: [(slot: UInt16, key: [UInt8])] = []
        try engine.expired(now: now, limit: ExpiredKeys.batchMax) { slot, key, _ in
            guard tended?.contains(slot) ?? true else { return false }
            due.append((slot, Array(key)))
            return true
        }
        // What clients have queued is committed at the end of their loops' ticks, not here.
        guard !due.isEmpty, queueDeletes(of: due, now: now) else { return }
        pipeline.commitFromThread()
    }

    /// Lock held.
    private var mayDelete: Bool {
        pipeline.isLeader && pipeline.lease.isValid && pipeline.hold == .none && pipeline.quorum.hasEnoughMembers
    }

    /// - Returns: whether one was queued.
    private func queueDeletes(of due: [(slot: UInt16, key: [UInt8])], now: UInt64) -> Bool {
        pipeline.lock.withLock {
            guard mayDelete else { return false }
            var isQueued = false
            for (slot, key) in due where slots.tends(slot) {
                key.withUnsafeBytes { key in
                    guard isStillDue(key, now: now),
                        pipeline.log.hasRoom(for: pipeline.open.length + key.count + ExpiredKeys.spareBytes)
                    else { return }
                    pipeline.open.append(LogRecord(kind: .delete, slot: slot, key: key))
                    isQueued = true
                }
            }
            return isQueued
        }
    }

    /// A newer write may have replaced the value since the engine last heard of the key. Lock held.
    private func isStillDue(_ key: UnsafeRawBufferPointer, now: UInt64) -> Bool {
        let hash = KeyHash.hash(key)
        if !pipeline.open.isEmpty, pipeline.open.find(key, hash: hash) != nil { return false }
        if pipeline.inFlight.find(key, hash: hash) != nil { return false }
        var isDue = false
        // At no time: what has expired is there, too.
        let state = visible.find(key: key, hash: hash, now: 0, side: nil) { value in
            isDue = value.expiry != 0 && value.expiry <= now
        }
        switch state {
        case .absent: return false
        case .present: return isDue
        case .cold: return true
        }
    }
}
