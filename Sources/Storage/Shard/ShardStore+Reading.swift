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

    /// As `readVisible`, with the writes that are not committed yet; the answer must then wait for what `awaitPending` says.
    /// Lock held.
    @inline(__always)
    package func readNewest(
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        now: UInt64,
        port: StorePort,
        _ body: (StoredValue) -> Void
    ) -> KeyState {
        if let found = pipeline.readPending(key: key, hash: hash, now: now, body) { return found ? .present : .absent }
        defer { port.side.leave() }
        return visible.find(key: key, hash: hash, now: now, side: port.side, body)
    }

    /// What is visible may change again. On the port's loop; before anything that may wait.
    @inline(__always)
    package func leave(_ port: StorePort) { port.side.leave() }

    /// The owner reads nothing for now: what is visible may change, and its view of the engine keeps no pages. On the port's
    /// loop, at the end of a read of the socket.
    @inline(__always)
    package func rest(_ port: StorePort) {
        leave(port)
        port.view?.rest()
    }

    // MARK: The engine

    /// Where reads of the engine run at the moment, and their moving average in microseconds. Any thread.
    package var enginePace: (mode: ReadMode, microseconds: Double) {
        let pace = engineReads.pace
        return (pace.readMode, pace.averageMicroseconds)
    }

    /// Takes note of what a read of the engine took. Any thread.
    package func noteEngineRead(microseconds: Double) { engineReads.note(microseconds: microseconds) }

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
        try engineReads.fetch(slot: slot, key: key, view: view, now: now)
    }

    package func fetch(slot: UInt16, key: [UInt8], view: EngineView, now: UInt64) throws(StorageError) {
        try key.withRawBytes { key throws(StorageError) in try fetch(slot: slot, key: key, view: view, now: now) }
    }

    /// Asks the engine for a key that memory does not have, and keeps the answer in memory. May wait for a disk: no lock may
    /// be held, and the caller has left what is visible (`leave`).
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
        try engineReads.read(slot: slot, key: key, hash: hash, view: view, now: now, keepsLarge: keepsLarge, body)
    }

    // MARK: What may be read

    /// Raised with every change of what readers go by: leadership, holds, slots. Any thread; read it before and after.
    @inline(__always) package var readEpoch: UInt64 { readTable.epoch }

    /// Whether slots are let in one by one. Any thread.
    @inline(__always) package var isGated: Bool { readTable.isGated }

    /// Whether a leader serves reads of the slot now, as far as the shard goes. Any thread, between two looks at `readEpoch`.
    @inline(__always)
    package func servesReads(_ slot: UInt16) -> Bool { !readTable.isHeld && readTable.serves(slot) }

    /// Whether a replica shows the slot now. Any thread, between two looks at `readEpoch`.
    @inline(__always)
    package func showsReads(_ slot: UInt16) -> Bool { !holdsNoState && readTable.shows(slot) }

    /// Whether reads have to wait as well: another may be the leader already. If so, the port is told when to ask again.
    /// Lock held.
    @inline(__always)
    package func holdsReads(_ port: StorePort) -> Bool {
        guard pipeline.hold == .all else { return false }
        port.waitsForRoom = true
        return true
    }

    /// Whether what is here is no state that the leader ever had: a snapshot is being put in, or nothing has come yet.
    /// Any thread.
    package var holdsNoState: Bool { committed.holdsNoState }

    /// Whether a snapshot is being put in; contents are of no use meanwhile. Any thread.
    package var isBeingInstalled: Bool { committed.isInstalling }
}
