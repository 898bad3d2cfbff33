import Model
import Storage

/// A key, where it belongs and its hash. Borrows the bytes.
struct ShardKey {
    let slot: UInt16
    let bytes: UnsafeRawBufferPointer
    let hash: UInt32

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer, slot: UInt16) {
        self.slot = slot
        self.bytes = bytes
        hash = KeyHash.hash(bytes)
    }

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) { self.init(bytes, slot: KeySlot.slot(of: bytes)) }
}

/// What commands may do with a shard in one pass over a connection's input: find keys, queue writes. What it leaves to the
/// connection, which replies wait for which batch and what is counted, it notes in `effects`.
///
/// Reads what is committed, without the store's lock; with it, the writes in flight as well. On the connection's loop.
struct ShardSession {
    /// What a command has done that its connection must know.
    struct Effects {
        /// The batch that the reply waits for; 0: none.
        var batch: UInt64 = 0
        var writes = 0
        var hits: UInt64 = 0
        var misses: UInt64 = 0
    }

    /// Reads of the engine on the loop in one pass: about a millisecond when none waits for a disk.
    static let engineReadsMax = 64

    let store: ShardStore
    let port: StorePort
    /// Milliseconds since 1970.
    let now: UInt64
    /// The store's lock is held.
    var isLocked: Bool
    /// The first key of the command at hand.
    var key = ShardKey(UnsafeRawBufferPointer(start: nil, count: 0), slot: 0)
    var effects = Effects()
    /// The command on many keys that has paused.
    var progress: KeyProgress?
    /// Reads of the engine on the loop in this pass.
    var engineReads: Int

    init(_ store: ShardStore, _ port: StorePort, now: UInt64, isLocked: Bool = false, engineReads: Int = 0) {
        self.store = store
        self.port = port
        self.now = now
        self.isLocked = isLocked
        self.engineReads = engineReads
    }

    /// Runs one command.
    @inline(__always)
    mutating func run(
        _ command: DataCommand,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        try command(&self, arguments, &reply)
    }

    /// Whether a read of the engine may be made on the loop now.
    var mayReadEngine: Bool { engineReads < ShardSession.engineReadsMax && store.enginePace.mode == .loop }

    /// Finds a key. Under the lock, and where the engine has to wait for a disk, only in memory.
    /// - Parameter body: called at most once, perhaps under a lock; the value's bytes live only inside the call.
    @inline(__always)
    mutating func find(_ key: ShardKey, _ body: (StoredValue) -> Void) throws(StorageError) -> KeyState {
        if isLocked { return store.readNewest(key: key.bytes, hash: key.hash, now: now, port: port, body) }
        // Without counting references: this is the one line that everybody waits for.
        let state = Unmanaged.passUnretained(store)._withUnsafeGuaranteedRef { store in
            Unmanaged.passUnretained(port)._withUnsafeGuaranteedRef { port in
                store.readVisible(key: key.bytes, hash: key.hash, now: now, port: port, body)
            }
        }
        guard state == .cold, mayReadEngine else { return state }
        return try readEngine(key, body)
    }

    private mutating func readEngine(
        _ key: ShardKey,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> KeyState {
        engineReads += 1
        store.leave(port)
        let view = try store.view(of: port)
        let isFound = try store.readEngine(
            slot: key.slot,
            key: key.bytes,
            hash: key.hash,
            view: view,
            now: now,
            body
        )
        return isFound ? .present : .absent
    }

    /// Counts a hit or a miss, if it is known which.
    /// - Returns: what a command does that goes by this state.
    @inline(__always)
    @discardableResult
    mutating func count(_ state: KeyState) -> CommandOutcome {
        switch state {
        case .present: effects.hits += 1
        case .absent: effects.misses += 1
        case .cold: return .needsEngine
        }
        return .done
    }

    /// Whether the first key is there now, writes in flight included. Lock held.
    /// - Throws: `.cold` when only the engine knows: nothing may have been queued before.
    func current(_ body: (StoredValue) -> Void) throws(StorageError) -> Bool {
        switch store.readNewest(key: key.bytes, hash: key.hash, now: now, port: port, body) {
        case .present: return true
        case .absent: return false
        case .cold: throw ShardSession.cold
        }
    }

    private static let cold = StorageError(.cold, "the key is not in memory")

    /// Queues a value of the first key; the reply waits for it. Lock held.
    mutating func put(_ value: UnsafeRawBufferPointer, expiry: UInt64) { put(key, value, expiry: expiry) }

    mutating func put(_ key: ShardKey, _ value: UnsafeRawBufferPointer, expiry: UInt64) {
        noteWrite(store.put(slot: key.slot, key: key.bytes, value: value, expiry: expiry, port: port))
    }

    /// Queues a delete of the first key; the reply waits for it. Lock held.
    mutating func delete() { delete(key) }

    mutating func delete(_ key: ShardKey) {
        noteWrite(store.delete(slot: key.slot, key: key.bytes, port: port))
    }

    private mutating func noteWrite(_ batch: UInt64) {
        effects.batch = batch
        effects.writes += 1
    }

    /// A reply that tells of writes in flight, or of what they left unchanged, waits for them. Lock held.
    mutating func awaitWhatWasSeen() {
        if let batch = store.awaitPending(port) { effects.batch = max(effects.batch, batch) }
    }
}
