/// The applier: drains committed batches into the engine in large, sorted, coalesced transactions. One thread.
extension ShardStore {
    /// The applier looks at its work at least this often; also the pace at which expired keys are found.
    private static let pollMilliseconds = 200
    /// The commit thread is signalled when there is work; this only bounds what a lost signal could cost.
    private static let idleMilliseconds = 10_000
    /// After a failed transaction: the pause before the next try.
    private static let retryMilliseconds = 500
    /// Keys looked up per hold of the lock.
    private static let hintChunk = 512
    /// Expired keys deleted per round, so that a wave of expiries does not hold up the applier.
    private static let expiryBatchMax = 2000

    func runApplier() {
        while let batches = nextBatches() {
            if !batches.isEmpty { apply(batches) }
            deleteExpired()
            maintainLog()
        }
    }

    /// Waits for work; empty when only time has passed, nil when the store is closing and all is applied.
    private func nextBatches() -> [LogBatch]? {
        lock.lock()
        defer { lock.unlock() }
        while true {
            if !applyQueue.isEmpty, isApplyDue {
                flushRequested = false
                let batches = applyQueue
                applyQueue = []
                return batches
            }
            if isClosing { return applyQueue.isEmpty ? nil : [] }
            if flushRequested {
                flushRequested = false
                lock.signalProgress()
            }
            lock.waitForWork(milliseconds: ShardStore.pollMilliseconds)
            if applyQueue.isEmpty, !isClosing { return [] }
        }
    }

    private var isApplyDue: Bool {
        flushRequested || isClosing || unappliedBytes >= options.applyBytes
            || Clock.monotonicMilliseconds() - oldestQueuedAt >= UInt64(options.applyAgeMilliseconds)
    }

    /// Range deletes are barriers: what was written before them goes first.
    func apply(_ batches: [LogBatch]) {
        var start = 0
        for index in batches.indices where containsClear(batches[index]) {
            applyCoalesced(batches[start..<index])
            applyInOrder(batches[index])
            start = index + 1
        }
        applyCoalesced(batches[start...])
        let bytes = batches.reduce(0) { $0 + $1.bytes.count }
        lock.lock()
        unappliedBytes -= bytes
        var signals: [(StorePort, StoreSignal)] = []
        if unappliedBytes < options.unappliedBytesMax / 2 {
            for port in ports where port.waitsForRoom {
                port.waitsForRoom = false
                signals.append((port, .room))
            }
        }
        lock.signalProgress()
        lock.unlock()
        for (port, signal) in signals { port.wake(signal) }
    }

    private func containsClear(_ batch: LogBatch) -> Bool {
        var found = false
        batch.forEachRecord { record, _ in if record.kind == .clearSlots { found = true } }
        return found
    }

    private func applyCoalesced(_ batches: ArraySlice<LogBatch>) {
        guard let last = batches.last else { return }
        var coalesced = BatchCoalescer(batches)
        takeHints(&coalesced)
        withExtendedLifetime(batches) {
            untilApplied { () throws(StorageError) in
                try coalesced.writes.withUnsafeBufferPointer { writes throws(StorageError) in
                    try engine.apply(writes, position: last.end)
                }
            }
        }
        didApply(through: last.end)
    }

    /// A batch with a range delete: record by record (such batches are small: nothing else is queued with `clean`).
    private func applyInOrder(_ batch: LogBatch) {
        var runs: [LogRecord] = []
        batch.forEachRecord { record, _ in runs.append(record) }
        for (index, record) in runs.enumerated() {
            let sequence = batch.firstSequence + UInt64(index)
            let position = Position(term: batch.term, sequence: sequence)
            switch record.kind {
            case .clearSlots:
                let slots = record.slot...max(record.slot, record.lastSlot)
                untilApplied { () throws(StorageError) in try engine.deleteSlots(slots, position: position) }
                lock.withLock {
                    hot.removeSlots(slots, before: sequence)
                    hot.forgetEngineState(of: slots)
                    engineGeneration += 1
                }
            case .put, .delete, .termStart:
                let value: StoredValue? =
                    record.kind == .put
                    ? StoredValue(version: sequence, expiry: record.expiry, bytes: record.value) : nil
                let write = EngineWrite(slot: record.slot, key: record.key, value: value)
                untilApplied { () throws(StorageError) in
                    let writes = record.kind == .termStart ? [] : [write]
                    try writes.withUnsafeBufferPointer { pointer throws(StorageError) in
                        try engine.apply(pointer, position: position)
                    }
                }
                lock.withLock { hot.forgetEngineState(of: record.slot...record.slot) }
            }
        }
        withExtendedLifetime(batch) {}
        didApply(through: batch.end)
    }

    /// Exchanges, per key, what the engine holds now for what it will hold after this transaction.
    private func takeHints(_ coalesced: inout BatchCoalescer) {
        var index = 0
        while index < coalesced.writes.count {
            let end = min(index + ShardStore.hintChunk, coalesced.writes.count)
            lock.lock()
            for i in index..<end {
                let write = coalesced.writes[i]
                guard let entry = hot.find(write.key, hash: coalesced.hashes[i]) else { continue }
                coalesced.setPrevious(entry.previous, at: i)
                entry.pointee.engineBytes = write.value.map { Int32($0.bytes.count) } ?? HotEntry.engineAbsent
                entry.pointee.engineExpiry = write.value?.expiry ?? 0
            }
            lock.unlock()
            index = end
        }
    }

    /// Tries again until it works: the batches are durable in the log, so waiting loses nothing, and writers are told
    /// why they wait once their memory is used up.
    private func untilApplied(_ work: () throws(StorageError) -> Void) {
        while true {
            do throws(StorageError) {
                try work()
                lock.withLock { applierTrouble = nil }
                return
            } catch {
                lock.lock()
                applierTrouble = StorageError(error.code, "\(engine.kind.rawValue) can't take writes: \(error.message)")
                if isClosing {
                    lock.unlock()
                    return
                }
                lock.signalProgress()
                lock.waitForWork(milliseconds: ShardStore.retryMilliseconds)
                lock.unlock()
            }
        }
    }

    private func didApply(through position: Position) {
        lock.withLock {
            guard applierTrouble == nil else { return }
            appliedPosition = position
            engineGeneration += 1
        }
    }

    /// The leader finds expired keys through the engine's index by time and deletes them through the log.
    private func deleteExpired() {
        guard lock.withLock({ isLeader && failure == nil && !isClosing && !isInstalling }) else { return }
        let now = Clock.wallMilliseconds()
        var due: [(slot: UInt16, key: [UInt8])] = []
        do throws(StorageError) {
            try engine.expired(now: now, limit: ShardStore.expiryBatchMax) { slot, key, _ in
                due.append((slot, Array(key)))
            }
        } catch {
            lock.withLock { applierTrouble = error }
            return
        }
        if !due.isEmpty { queueDeletes(of: due, now: now) }
        if lock.withLock({ needsCommit }) { commitFromThread() }
    }

    private func queueDeletes(of due: [(slot: UInt16, key: [UInt8])], now: UInt64) {
        lock.lock()
        defer { lock.unlock() }
        for (slot, key) in due {
            key.withUnsafeBytes { key in
                let hash = KeyHash.hash(key)
                // A newer write may have replaced the value since the engine last heard of the key.
                if !open.isEmpty, openIndex.find(key, hash: hash, in: open.bytes) != nil { return }
                if let batch = inFlight, inFlightIndex.find(key, hash: hash, in: batch.bytes) != nil { return }
                if let entry = hot.find(key, hash: hash) {
                    if entry.pointee.isDeleted || entry.pointee.expiry == 0 || entry.pointee.expiry > now { return }
                }
                guard log.hasRoom(for: open.length + key.count + 1024) else { return }
                open.append(LogRecord(kind: .delete, slot: slot, key: key))
            }
        }
    }

    /// Commits on this thread whatever the mode.
    private func commitFromThread() {
        lock.lock()
        guard !isCommitting, !open.isEmpty, failure == nil else { return lock.unlock() }
        commitRounds(1)
    }

    /// The thread of mode `thread`: waits for queued writes and commits them.
    func runCommitter() {
        while true {
            lock.lock()
            while !isClosing, open.isEmpty || isCommitting || pace.mode == .loop || failure != nil {
                lock.waitForWork(milliseconds: ShardStore.idleMilliseconds)
            }
            if isClosing { return lock.unlock() }
            commitRounds(.max)
        }
    }

    private func maintainLog() {
        // The follower's thread has the engine to itself while it puts a snapshot in.
        guard !isBeingInstalled else { return }
        do throws(StorageError) {
            let applied = lock.withLock { appliedPosition }
            let durable = engine.durablePosition
            if durable < applied,
                let end = log.offset(ofSequence: applied.sequence),
                let start = log.offset(ofSequence: durable.sequence),
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
