import Synchronization

/// Reads of one key: memory first, then the engine, outside every lock.
extension ShardStore {
    /// Finds the visible value of a key in memory. Without the store's lock.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970; a value whose expiry has come is not there.
    ///   - port: the caller's own. Nothing that is visible changes from here to `leave`, `rest` or the next read of the
    ///     engine, and the caller waits for nothing meanwhile. nil: of a thread that has none; nothing is held then.
    ///   - body: called at most once; the bytes live only inside the call.
    @inline(__always)
    package func readVisible(
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        now: UInt64,
        port: StorePort? = nil,
        _ body: (StoredValue) -> Void
    ) -> KeyState {
        visible.find(key: key, hash: hash, now: now, side: port?.side, body)
    }

    /// Starts loading what `readVisible` will look at for keys with these hashes. Without the store's lock; holds what
    /// `readVisible` holds.
    package func prefetch(_ hashes: UnsafeBufferPointer<UInt32>, port: StorePort) {
        visible.prefetch(hashes, side: port.side)
    }

    /// As `readVisible`, with the writes that are not committed yet; the answer must then wait for `openNumber`. Lock held.
    @inline(__always)
    package func readNewest(
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        now: UInt64,
        port: StorePort,
        _ body: (StoredValue) -> Void
    ) -> KeyState {
        if let found = readPending(key: key, hash: hash, now: now, body) { return found ? .present : .absent }
        defer { port.side.leave() }
        return visible.find(key: key, hash: hash, now: now, side: port.side, body)
    }

    /// What is visible may change again. On the port's loop; before anything that may wait.
    @inline(__always)
    package func leave(_ port: StorePort) { port.side.leave() }

    /// nil: no write in flight touches the key.
    private func readPending(
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        now: UInt64,
        _ body: (StoredValue) -> Void
    ) -> Bool? {
        if !open.isEmpty, let found = openIndex.find(key, hash: hash, in: open.bytes) {
            return answer(found.record, sequence: lastSequence + 1 + UInt64(found.ordinal), now, body)
        }
        if let batch = inFlight, let found = inFlightIndex.find(key, hash: hash, in: batch.bytes) {
            return answer(found.record, sequence: batch.firstSequence + UInt64(found.ordinal), now, body)
        }
        return nil
    }

    private func answer(
        _ record: LogRecord,
        sequence: UInt64,
        _ now: UInt64,
        _ body: (StoredValue) -> Void
    ) -> Bool {
        guard record.kind != .delete, record.expiry == 0 || record.expiry > now else { return false }
        body(StoredValue(record, sequence: sequence))
        return true
    }

    // MARK: The engine

    /// Where reads of the engine run at the moment, and their moving average in microseconds. Any thread.
    package var enginePace: (mode: ReadMode, microseconds: Double) {
        readPace.withLock { ($0.mode, $0.averageMicroseconds) }
    }

    /// Takes note of what a read of the engine took. Any thread.
    package func noteEngineRead(microseconds: Double) {
        readPace.withLock { $0.observe(readMicroseconds: microseconds) }
    }

    /// The port's own view of the engine, for its loop.
    @inline(__always)
    package func view(of port: StorePort) throws(StorageError) -> EngineView {
        if let view = port.view { return view }
        let view = try views.take()
        port.view = view
        return view
    }

    /// Brings a key into memory, so that a command can be evaluated without asking the engine. May wait for a disk: no lock
    /// may be held.
    package func fetch(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        view: EngineView,
        now: UInt64
    ) throws(StorageError) {
        let hash = KeyHash.hash(key)
        if visible.find(key: key, hash: hash, now: now, side: nil, { _ in }) != .cold { return }
        _ = try readEngine(slot: slot, key: key, hash: hash, view: view, now: now, keepsLarge: true) { _ in }
    }

    package func fetch(slot: UInt16, key: [UInt8], view: EngineView, now: UInt64) throws(StorageError) {
        try key.withRawBytes { key throws(StorageError) in try fetch(slot: slot, key: key, view: view, now: now) }
    }

    /// Views that turned out to be too old, one after the other, before a read is given up: each time the applier has
    /// ended a window meanwhile, which takes it longer than any read.
    private static let engineAttemptsMax = 64

    /// Asks the engine for a key that memory does not have, and keeps the answer in memory. May wait for a disk: no lock may
    /// be held, and the caller has left what is visible (`leave`).
    ///
    /// The trap: a view of the engine that is older than what was evicted from memory would turn a miss into a stale read.
    /// So whatever a view shows is judged by what the view has at least, while nothing changes.
    /// - Parameters:
    ///   - keepsLarge: keep a value, too, that would push out hundreds of others.
    ///   - body: as of `readVisible`.
    package func readEngine(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        view: EngineView,
        now: UInt64,
        keepsLarge: Bool = false,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool {
        for _ in 0..<ShardStore.engineAttemptsMax {
            if isInstalling { throw StorageError(.closed, "a snapshot of the shard is being put in; try again later") }
            let replacements = visible.replacements.load(ordering: .sequentiallyConsistent)
            let floor = visible.applied.load(ordering: .sequentiallyConsistent)
            let started = Clock.monotonicNanoseconds()
            try view.begin(atLeast: floor, replacements: replacements, now: started)
            let entry = try view.read(slot: slot, key: key) { HotEntry.copy(of: $0, key: key) }
            let microseconds = Double(Clock.monotonicNanoseconds() - started) / 1000
            noteEngineRead(microseconds: microseconds)
            let isCurrent =
                visible.replacements.load(ordering: .sequentiallyConsistent) == replacements && !isInstalling
            guard isCurrent else {
                HotEntry.free(entry)
                continue
            }
            let keeps = keepsLarge || Int(entry.pointee.valueLength) <= HotTable.cachedValueBytesMax
            let state = visible.adopt(entry, slot: slot, hash: hash, floor: floor, now: now, keeps: keeps, body)
            if let state { return state == .present }
        }
        throw StorageError(.engine, "the engine's views are behind its writes again and again; try again")
    }
}
