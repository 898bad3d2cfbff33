/// What the applier's thread does beside applying: expired keys, and the log's beginning.
extension ShardStore {
    /// Expired keys deleted per round, so that a wave of expiries does not hold up the applier.
    private static let expiryBatchMax = 2000

    /// The leader finds expired keys through the engine's index by time and deletes them through the log.
    func deleteExpired() {
        guard lock.withLock({ mayDeleteExpired && failure == nil && !isClosing && !isInstalling }) else { return }
        let now = Clock.wallMilliseconds()
        let tended = lock.withLock { gate.serving?.served ?? ownership?.slots }
        var due: [(slot: UInt16, key: [UInt8])] = []
        do throws(StorageError) {
            try engine.expired(now: now, limit: ShardStore.expiryBatchMax) { slot, key, _ in
                guard tended?.contains(slot) ?? true else { return false }
                due.append((slot, Array(key)))
                return true
            }
        } catch {
            lock.withLock { applierTrouble = error }
            return
        }
        // What clients have queued is committed at the end of their loops' ticks, not here.
        guard !due.isEmpty, queueDeletes(of: due, now: now) else { return }
        commitFromThread()
    }

    private var mayDeleteExpired: Bool { leadsNow && hold == .none && quorum.hasEnoughMembers }

    /// - Returns: whether one was queued.
    private func queueDeletes(of due: [(slot: UInt16, key: [UInt8])], now: UInt64) -> Bool {
        lock.lock()
        defer { lock.unlock() }
        guard mayDeleteExpired else { return false }
        var isQueued = false
        for (slot, key) in due where tends(slot) {
            key.withUnsafeBytes { key in
                let hash = KeyHash.hash(key)
                var isDue = false
                // A newer write may have replaced the value since the engine last heard of the key.
                if !open.isEmpty, openIndex.find(key, hash: hash, in: open.bytes) != nil { return }
                if let batch = inFlight, inFlightIndex.find(key, hash: hash, in: batch.bytes) != nil { return }
                let state = visible.find(key: key, hash: hash, now: 0, side: nil) { value in
                    isDue = value.expiry != 0 && value.expiry <= now
                }
                if state == .absent || state == .present && !isDue { return }
                guard log.hasRoom(for: open.length + key.count + 1024) else { return }
                open.append(LogRecord(kind: .delete, slot: slot, key: key))
                isQueued = true
            }
        }
        return isQueued
    }

    /// Commits on this thread whatever the mode.
    private func commitFromThread() {
        lock.lock()
        guard !isCommitting, !open.isEmpty, inFlight == nil, failure == nil else { return lock.unlock() }
        commitRounds(1)
    }

    func maintainLog() {
        // The follower's thread has the engine to itself while it puts a snapshot in.
        guard !isBeingInstalled else { return }
        do throws(StorageError) {
            boundPins()
            let applied = lock.withLock { appliedPosition }
            let durable = engine.durablePosition
            // Behind the records: those themselves are not in a log that begins with a new engine, or with a snapshot.
            if durable < applied,
                let end = log.offset(ofSequence: applied.sequence + 1),
                let start = log.offset(ofSequence: durable.sequence + 1),
                end - start > UInt64(options.engineFlushBytes)
            {
                try engine.flush()
            }
            try log.cut(below: engine.durablePosition.sequence + 1, keepingBytes: options.logKeepBytes)
        } catch {
            lock.withLock { applierTrouble = error }
        }
    }
}
