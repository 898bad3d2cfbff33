import Model

/// Writes what is committed to the engine in large, sorted transactions. One thread, which is alone in writing to the engine
/// but for a snapshot's installation; between windows it deletes expired keys and cuts the log.
///
/// Owns nothing that others see: windows come from `CommittedState`, errors go to `WritePipeline.engineError`, both under
/// the store's lock, which is not held while the engine is written.
final class Applier: Sendable {
    private let lock: StoreLock
    private let engine: any StorageEngine
    private let pipeline: WritePipeline
    private let committed: CommittedState
    private let slots: ServedSlots
    private let expiredKeys: ExpiredKeys
    private let logUpkeep: LogUpkeep

    /// The applier looks at its work at least this often; also the pace at which expired keys are found.
    private static let pollMilliseconds = 200
    /// After a failed transaction: the pause before the next try.
    private static let retryMilliseconds = 500

    init(
        engine: any StorageEngine,
        pipeline: WritePipeline,
        committed: CommittedState,
        slots: ServedSlots,
        expiredKeys: ExpiredKeys,
        logUpkeep: LogUpkeep
    ) {
        lock = pipeline.lock
        self.engine = engine
        self.pipeline = pipeline
        self.committed = committed
        self.slots = slots
        self.expiredKeys = expiredKeys
        self.logUpkeep = logUpkeep
    }

    /// The applier's thread, until the store closes.
    func run() {
        StoreThread.yieldToOthers()
        while true {
            switch nextWork() {
            case .apply(let window):
                apply(window)
                finish(window)
            case .upkeep: break
            case .end: return
            }
            keepUp()
        }
    }

    /// What the thread does next.
    private enum Work {
        case apply(CommittedState.Window)
        /// Only time has passed.
        case upkeep
        /// The store closes; what the engine could not take is in the log.
        case end
    }

    private func nextWork() -> Work {
        lock.lock()
        defer { lock.unlock() }
        while true {
            let isLost = pipeline.engineError?.code == .engineLost
            let hasWork = !committed.isApplied && !committed.isInstalling && !isLost
            if pipeline.isClosing, !hasWork || pipeline.engineError != nil { return .end }
            if hasWork, pipeline.isClosing || committed.isApplyDue { return .apply(committed.takeWindow()) }
            committed.endFlush()
            lock.waitForWork(milliseconds: Applier.pollMilliseconds)
            if committed.isApplied, !pipeline.isClosing { return .upkeep }
        }
    }

    private func apply(_ window: CommittedState.Window) {
        if let ownership = window.ownership {
            untilApplied { () throws(StorageError) in try slots.save(ownership.0, at: ownership.at) }
        }
        if !window.cleared.isEmpty {
            // Not the window's end yet: a crash in between repeats all of it.
            let position = lock.withLock { committed.applied }
            let ranges = window.cleared.ranges
            untilApplied { () throws(StorageError) in try engine.deleteSlots(ranges, position: position) }
        }
        let writes = Applier.writes(of: window.hot)
        untilApplied { () throws(StorageError) in
            try writes.withUnsafeBufferPointer { writes throws(StorageError) in
                try engine.apply(writes, position: window.end)
            }
        }
    }

    /// The window's writes in the engines' order. They borrow from the entries.
    private static func writes(of window: HotWindow) -> [EngineWrite] {
        let entries = window.entries.compactMap(\.self)
        let order = EngineOrder.sorted(
            count: entries.count,
            slot: { entries[$0].pointee.slot },
            key: { entries[$0].key }
        )
        return order.map { index in
            let entry = entries[Int(index)]
            let value: StoredValue? =
                entry.pointee.isDeleted
                ? nil
                : StoredValue(version: entry.pointee.version, expiry: entry.pointee.expiry, bytes: entry.value)
            return EngineWrite(slot: entry.pointee.slot, key: entry.key, value: value, previous: entry.previous)
        }
    }

    private func finish(_ window: CommittedState.Window) {
        lock.lock()
        let isApplied = pipeline.engineError == nil && !committed.isInstalling
        committed.endWindow(window, isApplied: isApplied)
        var woken: StoreWaiters.Woken = []
        if isApplied, pipeline.hasRoom { pipeline.waiters.releaseRoom(&woken) }
        lock.signalProgress()
        lock.unlock()
        for port in woken { port.wake() }
    }

    /// Tries again until it works: the writes are durable in the log, so waiting loses nothing, and writers are told
    /// why they wait once their memory is used up. Gives up when the store closes or its contents are replaced.
    private func untilApplied(_ work: () throws(StorageError) -> Void) {
        while true {
            do throws(StorageError) {
                try work()
                lock.withLock { pipeline.engineError = nil }
                return
            } catch {
                lock.lock()
                pipeline.engineError = StorageError(
                    error.code,
                    "\(engine.kind.rawValue) can't take writes: \(error.message)"
                )
                if error.code == .engineLost { pipeline.failure = pipeline.engineError }
                lock.signalProgress()
                if !mustStop { lock.waitForWork(milliseconds: Applier.retryMilliseconds) }
                let stops = mustStop
                lock.unlock()
                if stops { return }
            }
        }
    }

    /// Lock held.
    private var mustStop: Bool {
        pipeline.isClosing || committed.isInstalling || pipeline.engineError?.code == .engineLost
    }

    /// What the thread does beside applying.
    private func keepUp() {
        noting { () throws(StorageError) in try expiredKeys.delete() }
        // The follower's thread has the engine to itself while it puts a snapshot in.
        guard !committed.isInstalling else { return }
        noting { () throws(StorageError) in try logUpkeep.run(applied: lock.withLock { committed.applied }) }
    }

    private func noting(_ work: () throws(StorageError) -> Void) {
        do throws(StorageError) {
            try work()
        } catch {
            lock.withLock {
                pipeline.engineError = error
                if error.code == .engineLost { pipeline.failure = error }
            }
        }
    }

    /// Waits until the engine holds everything that was committed at the call, or can't. Blocks.
    /// - Parameter patience: milliseconds after which it gives up.
    /// - Returns: whether the engine holds it.
    @discardableResult
    func flush(patience: Int) -> Bool {
        let started = Clock.monotonicMilliseconds()
        lock.lock()
        defer { lock.unlock() }
        let target = committed.position.sequence
        while committed.applied.sequence < target, pipeline.failure == nil, pipeline.engineError == nil, !mustStop {
            let waited = Int(Clock.monotonicMilliseconds() - started)
            guard waited < patience else { return false }
            committed.requestFlush()
            lock.waitForProgress(milliseconds: min(Applier.flushPause, patience - waited))
        }
        return committed.applied.sequence >= target
    }

    /// A window's end wakes what waits; this only bounds what a lost wake could cost, in milliseconds.
    private static let flushPause = 1000
}
