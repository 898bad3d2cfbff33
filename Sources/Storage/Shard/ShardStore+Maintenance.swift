/// Questions that are answered by the engine alone: they wait for the applier first, so nothing committed is missed.
/// All of them block; call them from a thread, not from an event loop.
extension ShardStore {
    /// Waits until the engine holds everything that was committed at the call.
    /// - Parameter patience: milliseconds after which it gives up.
    package func flushApplied(patience: Int = .max) {
        let started = Clock.monotonicMilliseconds()
        lock.lock()
        defer { lock.unlock() }
        let target = commitPosition.sequence
        while appliedPosition.sequence < target, failure == nil, applierTrouble == nil, !isClosing, !isInstalling {
            let waited = Int(Clock.monotonicMilliseconds() - started)
            guard waited < patience else { return }
            flushRequested = true
            lock.signalWork()
            lock.waitForProgress(milliseconds: min(1000, patience - waited))
        }
    }

    /// A frozen view that includes everything committed at the call.
    package func snapshot() throws(StorageError) -> any EngineSnapshot {
        flushApplied()
        if let trouble = lock.withLock({ failure ?? applierTrouble }) { throw trouble }
        if isBeingInstalled { throw StorageError(.closed, "a snapshot of the shard is being put in; try again later") }
        return try views.freeze()
    }

    /// Deletes all keys of the slots through the log and waits until that is durable and applied.
    /// - Parameter wanted: the term of the lead in which that was decided; nil: of now.
    /// - Returns: how many keys they held.
    package func clear(
        _ ranges: [ClosedRange<UInt16>],
        term wanted: UInt64? = nil,
        port: StorePort
    ) throws(StorageError) -> UInt64 {
        flushApplied()
        var removed: UInt64 = 0
        var slots = SlotSet()
        for range in ranges {
            let counts = engine.counts(of: range)
            removed += counts.reduce(0) { $0 + $1.keys }
            guard let first = counts.firstIndex(where: { $0.keys > 0 }),
                let last = counts.lastIndex(where: { $0.keys > 0 })
            else { continue }
            // With the empty ones in between: one record.
            slots.insert(range.lowerBound + UInt16(first)...range.lowerBound + UInt16(last))
        }
        try clear(slots, term: wanted ?? lock.withLock { term }, port: port)
        flushApplied()
        if let trouble = lock.withLock({ failure ?? applierTrouble }) { throw trouble }
        return removed
    }

    /// Commits what is queued, on this thread or on the one that is at it, and waits for the end of it.
    /// - Parameter patience: milliseconds after which it gives up: replicas may be away.
    /// - Returns: whether nothing is queued or in flight any more.
    @discardableResult
    func flushCommits(patience: UInt64 = .max) -> Bool {
        let started = Clock.monotonicMilliseconds()
        lock.lock()
        defer { lock.unlock() }
        let target = openNumber
        while committedNumber < target, failure == nil, !(open.isEmpty && inFlight == nil) {
            if patience != .max, Clock.monotonicMilliseconds() - started >= patience { return false }
            if !isCommitting, !open.isEmpty, inFlight == nil {
                commitRounds(.max)
                lock.lock()
            } else {
                lock.waitForProgress(milliseconds: 20)
            }
        }
        return true
    }

    /// The store's figures for the status document.
    package struct Figures: Sendable {
        package var commitPosition: Position
        package var appliedPosition: Position
        package var unappliedBytes: Int
        package var hotEntries: Int
        package var hotBytes: Int
        package var mode: CommitMode
        package var syncMicroseconds: Double
        package var failure: StorageError?
        package var trouble: StorageError?
        /// Why writes are refused although this node leads.
        package var refusal: StorageError?
    }

    package func figures() -> Figures {
        let hot = visible.size
        return lock.withLock {
            Figures(
                commitPosition: commitPosition,
                appliedPosition: appliedPosition,
                unappliedBytes: unappliedBytes,
                hotEntries: hot.entries,
                hotBytes: hot.bytes,
                mode: pace.mode,
                syncMicroseconds: pace.averageMicroseconds,
                failure: failure,
                trouble: applierTrouble,
                refusal: leadsNow && !quorum.hasEnoughMembers ? quorum.tooFewMembers : nil
            )
        }
    }
}
