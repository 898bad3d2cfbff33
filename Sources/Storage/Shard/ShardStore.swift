import Synchronization

/// One node's data: commit log, hot table, engine and the applier between them (docs/architecture.md, The life of a write).
///
/// Every member not marked `let` is guarded by `lock`, which is never held across I/O. Methods whose comment says "lock
/// held" are called between `lock.lock()` and `lock.unlock()`, by an event loop once per read of a socket that writes; the
/// others take the lock themselves, or need none.
package final class ShardStore: @unchecked Sendable {
    // Sendable: all mutable state is guarded by `lock`.
    package struct Options: Sendable {
        package var durability = Durability.fsync
        /// Memory for recently used values beside what is not applied yet.
        package var hotBytesMax = 128 << 20
        /// Memory of committed but unapplied writes; beyond it writers wait.
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
    /// What readers see, without `lock`.
    let visible: VisibleState
    /// Every view of the engine for point reads.
    package let views: EngineViews
    /// What readers go by, without `lock`.
    let readTable = ReadTable()
    /// Whether this node acts as the leader, and until when it may; without `lock`.
    package let lease = LeaderLease()
    let readPace = Mutex(ReadPace())
    /// The last of what `LeadershipDriver` asks for all the time, so that it need not wait for commands.
    let progress = Mutex(StoreProgress())

    @exclusivity(unchecked) var open = BatchBuilder()
    @exclusivity(unchecked) var openIndex = KeyIndex()
    /// Number of the batch being built. Numbers only order waiting; they are not on disk.
    @exclusivity(unchecked) var openNumber: UInt64 = 1
    @exclusivity(unchecked) var inFlight: LogBatch? {
        didSet { progress.withLock { $0.inFlightEnd = inFlight?.end } }
    }
    @exclusivity(unchecked) var inFlightIndex = KeyIndex()
    @exclusivity(unchecked) var isCommitting = false
    var committedNumber: UInt64 = 0
    package internal(set) var term: UInt64 = 0
    /// The last sequence that is in the log or in flight.
    var lastSequence: UInt64 = 0
    /// The newest visible record.
    package internal(set) var commitPosition = Position.zero {
        didSet { hasState.store(commitPosition != .zero, ordering: .sequentiallyConsistent) }
    }
    private let hasState = Atomic<Bool>(false)
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
    var ports: [StorePort] = []
    package internal(set) var failure: StorageError? {
        didSet { progress.withLock { $0.failure = failure } }
    }
    /// Why the engine can't take writes at the moment (a full disk); nil when it can.
    package internal(set) var applierTrouble: StorageError?
    @exclusivity(unchecked) var isClosing = false
    /// Whether this node serves as the shard's leader: its term has begun and is committed. Changed under the lock, but for
    /// `fence`; read without it.
    var isLeader: Bool {
        @inline(__always) get { lease.isLeader }
        set { lease.isLeader = newValue }
    }
    /// What a commit must wait for.
    @exclusivity(unchecked) var quorum = CommitQuorum()
    /// Commands that wait for a change of leader.
    @exclusivity(unchecked) var hold = IntakeHold.none {
        didSet { readTable.setHeld(hold == .all) }
    }
    /// The batch in flight is on this node's disk, since `inFlightDurableAt` (monotonic nanoseconds).
    var inFlightIsDurable = false
    var inFlightDurableAt: UInt64 = 0
    /// A snapshot is being put in: what is here of it is no state the leader ever had. Changed under the lock, read without.
    var isInstalling: Bool {
        get { installs.load(ordering: .sequentiallyConsistent) }
        set { installs.store(newValue, ordering: .sequentiallyConsistent) }
    }
    private let installs = Atomic<Bool>(false)
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
    package internal(set) var ownership: SlotOwnership? {
        didSet { readTable.setShown { ownership?.slots.contains($0) ?? true } }
    }
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
        visible = VisibleState(bytesMax: options.hotBytesMax)
        views = EngineViews(engine: engine)
    }

    /// A port for an event loop, or for a thread that appends and waits by itself. `wake` is called from any thread without
    /// the lock.
    package func makePort(wake: @escaping @Sendable (StoreSignal) -> Void) -> StorePort {
        let port = StorePort(side: visible.makeSide(), wake: wake)
        lock.withLock { ports.append(port) }
        return port
    }

    /// Gives the port's view back; its owner makes no more calls with it.
    package func removePort(_ port: StorePort) {
        leave(port)
        visible.remove(port.side)
        lock.withLock { ports.removeAll { $0 === port } }
        if let view = port.view { views.giveBack(view) }
        port.view = nil
    }

    /// The owner reads nothing for now: what is visible may change, and its view of the engine keeps no pages. On the port's loop, at the end of a read of
    /// the socket.
    @inline(__always)
    package func rest(_ port: StorePort) {
        leave(port)
        port.view?.rest()
    }

    /// Memory that writes hold until the applier has put them into the engine. Lock held.
    @inline(__always) var unappliedBytes: Int { visible.dirtyBytes + visible.takenBytes }

    /// Whether what is here is no state that the leader ever had: a snapshot is being put in, or nothing has come yet.
    /// Any thread.
    package var holdsNoState: Bool { isInstalling || !hasState.load(ordering: .sequentiallyConsistent) }

    /// Whether a snapshot is being put in; contents are of no use meanwhile.
    package var isBeingInstalled: Bool { isInstalling }

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

    /// Whether this node may answer as the leader at this moment. Any thread. Ask after evaluating reads, before their
    /// replies leave: a process may be stopped between any two instructions.
    @inline(__always) package var leadsNow: Bool { isLeader && lease.isValid }
}
