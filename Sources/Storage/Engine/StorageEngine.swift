import Model

/// What the caller knows of a key's present state in the engine. Exact counts and the expiry index need it; knowing it
/// saves the engine a read.
package enum PreviousValue: Hashable, Sendable {
    /// The engine has to look.
    case unknown
    case absent
    /// `bytes`: length of the value (without key and header); `expiry`: milliseconds since 1970 or 0.
    case present(bytes: Int, expiry: UInt64)
}

/// One write of a batch for an engine. All pointers are borrowed for the length of the call.
package struct EngineWrite {
    package var slot: UInt16
    package var key: UnsafeRawBufferPointer
    /// nil deletes the key.
    package var value: StoredValue?
    package var previous: PreviousValue

    package init(slot: UInt16, key: UnsafeRawBufferPointer, value: StoredValue?, previous: PreviousValue = .unknown) {
        self.slot = slot
        self.key = key
        self.value = value
        self.previous = previous
    }
}

/// Where values rest: the paper's `Database` interface grown up.
///
/// Threads: `apply`, `deleteSlots`, `eraseAll`, `finishInstall` and `flush` are called by one thread at a time (the
/// applier); readers and snapshots are made and used from any thread, each by one thread at a time. `counts` and
/// the positions may be read from any thread. All calls block and must not be made from async code.
package protocol StorageEngine: AnyObject, Sendable {
    var kind: EngineKind { get }

    /// The position up to which the contents include all writes; kept in the same transaction as the contents.
    var appliedPosition: Position { get }

    /// The position that survives a power cut. LMDB: the applied one. RocksDB: that of the last flush.
    var durablePosition: Position { get }

    /// What the engine tells of its files and memory; empty once it is closed. Any thread.
    var metrics: [StorageMetric] { get }

    /// False while a snapshot is being installed (also after a crash in the middle of one): contents are unusable.
    var isComplete: Bool { get }

    /// Applies the writes and moves the applied position, atomically.
    /// - Parameter writes: sorted by slot and then key bytes, each key at most once.
    func apply(_ writes: UnsafeBufferPointer<EngineWrite>, position: Position) throws(StorageError)

    /// Deletes all keys of the slots (the paper's `DeleteBulkKeys`) and moves the applied position, atomically or in
    /// steps that are repeated after a crash because the position moves last. However many ranges there are, syncs go by
    /// the keys in them.
    /// - Parameter ranges: in order, without overlaps.
    func deleteSlots(_ ranges: [ClosedRange<UInt16>], position: Position) throws(StorageError)

    /// Empties the engine and marks it incomplete; `apply` then fills it from a snapshot (position `.zero`).
    func eraseAll() throws(StorageError)

    /// Ends a snapshot's installation: sets the position and marks the engine complete, durably.
    func finishInstall(position: Position) throws(StorageError)

    /// Makes everything applied durable, so that `durablePosition == appliedPosition`.
    func flush() throws(StorageError)

    /// A view for point reads, for one thread. Stays at the state of its last `refresh`.
    func makeReader() throws(StorageError) -> any EngineReader

    /// A consistent, frozen view with its position, for scans, snapshots and copies.
    func makeSnapshot() throws(StorageError) -> any EngineSnapshot

    /// Keys with `expiry <= now`, soonest first, until `limit` of them were taken.
    /// - Parameter body: returns whether it takes the key, whose bytes are borrowed for the call.
    func expired(
        now: UInt64,
        limit: Int,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ expiry: UInt64) -> Bool
    ) throws(StorageError)

    /// Exact counts of the slots at `appliedPosition`.
    func counts(of slots: ClosedRange<UInt16>) -> [SlotCount]

    /// Sum of all slots.
    var total: SlotCount { get }

    /// Copies a consistent state into a new folder (backups, offline copies).
    func checkpoint(to folder: String) throws(StorageError)

    /// Files closed; the engine is unusable afterwards. Readers and snapshots must be gone.
    func close()
}

/// Point reads at one state of the engine, for one thread (an event loop). Classes: closed by `deinit` or `close`.
package protocol EngineReader: AnyObject {
    /// Moves the view to the newest applied state.
    func refresh() throws(StorageError)

    /// Lets the state go; only `refresh` may follow.
    func rest()

    /// Calls `body` with the value, if there is one; its bytes live only inside the call. Expiry is not looked at.
    /// - Returns: whether the key is there.
    func withValue(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool

    /// Releases the view; further use is an error.
    func close()
}

/// A frozen state of the engine.
package protocol EngineSnapshot: AnyObject {
    /// The position of the contents.
    var position: Position { get }

    /// Walks keys in order of slot and then key bytes, starting right after the key `after` if given (a key of
    /// `slots.lowerBound`).
    /// - Parameter body: returns false to stop. All bytes are borrowed for the call. Expired keys are included.
    func scan(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
    ) throws(StorageError)

    /// The same without the values, which are not read where the engine can help it.
    /// - Parameter body: gets the expiry in milliseconds since 1970, 0 for never.
    func scanKeys(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ expiry: UInt64) -> Bool
    ) throws(StorageError)

    func close()
}

extension EngineSnapshot {
    package func scanKeys(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ expiry: UInt64) -> Bool
    ) throws(StorageError) {
        try scan(slots: slots, after: after) { body($0, $1, $2.expiry) }
    }
}
