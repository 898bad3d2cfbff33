/// One node's data: commit log, hot table, engine and the applier between them (design.md, The life of a write).
///
/// Every member not marked `let` is guarded by `lock`. Methods whose comment says "lock held" are called between
/// `lock.lock()` and `lock.unlock()`, by an event loop once per read of a socket; the others take the lock themselves.
package final class ShardStore: @unchecked Sendable {
    // Sendable: all mutable state is guarded by `lock`.
    package struct Options: Sendable {
        package var durability = Durability.fsync
        /// Memory for recently used values beside what is not applied yet.
        package var hotBytesMax = 128 << 20
        /// Memory of committed but unapplied writes; beyond it writers wait (design.md: 64 MiB).
        package var unappliedBytesMax = 64 << 20
        /// The applier starts at this size, or when the oldest write is `applyAgeMilliseconds` old, or when this much
        /// log would have to be replayed at a start. The longer it waits the more writes of one key become one.
        package var applyBytes = 32 << 20
        package var applyAgeMilliseconds = 2000
        package var applyLogBytes = 256 << 20
        /// Log kept beyond what the engine needs, so that a replica away for a while need not take a snapshot.
        package var logKeepBytes = 128 << 20
        /// RocksDB has no log of its own: flush when this much of ours hangs on its memtables.
        package var engineFlushBytes = 128 << 20
        package var segmentBytes = 64 << 20
        /// Log that is kept for one copy of slots.
        package var pinnedLogBytesMax = ShardStore.pinnedLogBytesMax
        package init() {}
    }

    package let lock = StoreLock()
    package let engine: any StorageEngine
    package let log: CommitLog
    package let options: Options

    @exclusivity(unchecked) var hot: HotTable
    @exclusivity(unchecked) var open = BatchBuilder()
    @exclusivity(unchecked) var openIndex = KeyIndex()
    /// Number of the batch being built. Numbers only order waiting; they are not on disk.
    @exclusivity(unchecked) var openNumber: UInt64 = 1
    @exclusivity(unchecked) var inFlight: LogBatch?
    @exclusivity(unchecked) var inFlightIndex = KeyIndex()
    @exclusivity(unchecked) var isCommitting = false
    var committedNumber: UInt64 = 0
    package internal(set) var term: UInt64 = 0
    /// The last sequence that is in the log or in flight.
    var lastSequence: UInt64 = 0
    /// The newest visible record.
    package internal(set) var commitPosition = Position.zero
    /// When the oldest write of the hot table's dirty entries was published; monotonic milliseconds.
    var oldestDirtyAt: UInt64 = 0
    /// Log bytes since the last window was taken.
    @exclusivity(unchecked) var unappliedLogBytes = 0
    /// Slots cleared by committed records that the engine has not seen: it is not asked about them.
    @exclusivity(unchecked) var clearing = SlotSet()
    /// The same, of records behind the window being applied.
    var clearedNext = SlotSet()
    /// A window is being written to the engine.
    var isApplying = false
    /// A replica's batches that are durable here but not yet known to be committed.
    var uncommitted: [LogBatch] = []
    package internal(set) var appliedPosition = Position.zero
    var flushRequested = false
    @exclusivity(unchecked) var engineGeneration: UInt64 = 0
    var ports: [StorePort] = []
    package internal(set) var failure: StorageError?
    /// Why the engine can't take writes at the moment (a full disk); nil when it can.
    package internal(set) var applierTrouble: StorageError?
    @exclusivity(unchecked) var isClosing = false
    /// Whether this node serves as the shard's leader: its term has begun and is committed.
    @exclusivity(unchecked) var isLeader = false
    /// What the node's leadership allows the store to do.
    @exclusivity(unchecked) var mandate = Mandate()
    /// The batch in flight is on this node's disk, since `inFlightDurableAt` (monotonic nanoseconds).
    var inFlightIsDurable = false
    var inFlightDurableAt: UInt64 = 0
    /// A snapshot is being put in: what is here of it is no state the leader ever had.
    var isInstalling = false
    package internal(set) var pace = CommitPace()
    var observers: [Int: @Sendable () -> Void] = [:]
    private var nextObserver = 0
    /// Guards `uses`: jobs begin while their connection holds the store's lock.
    private let useLock = StoreLock()
    /// Jobs of other threads under way; nil once the store closes.
    private var uses: Int? = 0
    var threads: [StoreThread] = []
    /// Records whose callers wait on threads of theirs.
    var pendingAppends: [PendingAppend] = []
    /// What the shard owns as of the commit position; nil while no record of the log has said so.
    package internal(set) var ownership: SlotOwnership?
    /// What `ownershipFile` does not have yet. The applier writes it before the engine passes the record.
    var ownershipToSave: (SlotOwnership, at: Position)?
    let ownershipFile: OwnershipFile
    /// By whoever needs it.
    var logPins: [UInt64: LogPin] = [:]
    /// Which slots are served.
    @exclusivity(unchecked) var gate = SlotGate()

    init(engine: any StorageEngine, log: CommitLog, ownershipFile: OwnershipFile, options: Options) {
        self.ownershipFile = ownershipFile
        self.engine = engine
        self.log = log
        self.options = options
        hot = HotTable(bytesMax: options.hotBytesMax)
    }

    /// A port for an event loop. `wake` is called from any thread without the lock.
    package func makePort(wake: @escaping @Sendable (StoreSignal) -> Void) throws(StorageError) -> StorePort {
        let port = StorePort(reader: try engine.makeReader(), wake: wake)
        lock.withLock { ports.append(port) }
        return port
    }

    /// Gives the port's view back; its loop makes no more calls with it.
    package func removePort(_ port: StorePort) {
        lock.withLock { ports.removeAll { $0 === port } }
        port.reader.close()
    }

    /// Memory that writes hold until the applier has put them into the engine. Lock held.
    @inline(__always) var unappliedBytes: Int { hot.dirtyBytes + hot.takenBytes }

    /// Whether what is here is no state that the leader ever had: a snapshot is being put in, or nothing has come yet.
    /// Lock held.
    package var holdsNoState: Bool { isInstalling || commitPosition == .zero }

    /// Whether a snapshot is being put in; contents are of no use meanwhile.
    package var isBeingInstalled: Bool { lock.withLock { isInstalling } }

    /// Moves the port's view to the newest state if it is behind. On the port's loop. An error shows at the next read.
    package func renew(_ port: StorePort) {
        lock.withLock {
            guard port.readerGeneration != engineGeneration else { return }
            if (try? port.reader.refresh()) != nil { port.readerGeneration = engineGeneration }
        }
    }

    /// Calls `body`, without the lock and from any thread, whenever the log or the commit position has grown.
    /// - Returns: a token for `unobserve`.
    package func observe(_ body: @escaping @Sendable () -> Void) -> Int {
        lock.withLock {
            nextObserver += 1
            observers[nextObserver] = body
            return nextObserver
        }
    }

    package func unobserve(_ token: Int) {
        lock.withLock { observers[token] = nil }
    }

    /// Keeps the files open while a job on another thread works with them. With or without the lock.
    /// - Returns: false when the store is closing; don't begin then.
    package func beginUse() -> Bool {
        useLock.withLock {
            guard let uses else { return false }
            self.uses = uses + 1
            return true
        }
    }

    package func endUse() {
        useLock.withLock {
            uses = uses.map { $0 - 1 }
            useLock.signalProgress()
        }
    }

    /// Refuses new jobs and waits for those under way.
    func endUses() {
        useLock.withLock {
            while let uses, uses > 0 { useLock.waitForProgress(milliseconds: 1000) }
            uses = nil
        }
    }

    /// Bytes of log before the first record that is not committed. Lock held, as the leader.
    var commitOffset: UInt64 {
        let (end, pending) = (log.endOffset, UInt64(inFlight?.bytes.count ?? 0))
        return log.end > commitPosition && end > pending ? end - pending : end
    }

    /// Whether the lease, if there is one, still holds. Lock held.
    package var isMandateValid: Bool { mandate.isValid }

    /// Whether this node may answer as the leader at this moment. Lock held. Ask after evaluating reads, before their
    /// replies leave: a process may be stopped between any two instructions.
    @inline(__always) package var leadsNow: Bool { isLeader && mandate.isValid }
}
