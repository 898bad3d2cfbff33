import Model

/// One shard's data on one node, and the only entrance to it: commit log, hot table, engine and the applier between them
/// (docs/architecture.md, The life of a write).
///
/// It owns nothing but its parts, each with one job, and its threads; what a part guards and by which lock, the part says.
/// Methods whose comment says "lock held" are called between `lock.lock()` and `lock.unlock()`, by an event loop once per
/// read of a socket that writes; the others take the lock themselves, or need none. The lock is never held across I/O.
package final class ShardStore: @unchecked Sendable {
    // Sendable: the parts are, and `threads` is written by who opens and who closes, one after the other.
    package typealias Options = StoreOptions

    package let lock = StoreLock()
    package let engine: any StorageEngine
    package let log: CommitLog
    package let options: Options
    /// What readers see, without `lock`.
    let visible: VisibleState
    /// What readers go by, without `lock`.
    let readTable: ReadTable
    /// Whether this node acts as the leader, and until when it may; without `lock`.
    package let lease = LeaderLease()
    /// Every view of the engine.
    package let views: EngineViews
    let pipeline: WritePipeline
    let committed: CommittedState
    let slots: ServedSlots
    let engineReads: EngineReads
    let applier: Applier
    let logUpkeep: LogUpkeep
    let keyCounts: ShardCounts
    let transfer: SlotTransfer
    let replica: ReplicaLog
    let install: SnapshotInstall
    private let uses = StoreUses()
    private var threads: [StoreThread] = []

    private init(engine: any StorageEngine, log: CommitLog, ownershipFile: OwnershipFile, options: Options) {
        self.engine = engine
        self.log = log
        self.options = options
        readTable = ReadTable()
        visible = VisibleState(bytesMax: options.hotBytesMax)
        views = EngineViews(engine: engine)
        slots = ServedSlots(table: readTable, file: ownershipFile)
        committed = CommittedState(lock: lock, options: options, visible: visible, slots: slots)
        pipeline = WritePipeline(
            lock: lock,
            log: log,
            options: options,
            visible: visible,
            lease: lease,
            readTable: readTable,
            committed: committed
        )
        engineReads = EngineReads(views: views, visible: visible, committed: committed)
        logUpkeep = LogUpkeep(engine: engine, log: log, options: options)
        applier = Applier(
            engine: engine,
            pipeline: pipeline,
            committed: committed,
            slots: slots,
            expiredKeys: ExpiredKeys(
                engine: engine,
                pipeline: pipeline,
                committed: committed,
                slots: slots,
                visible: visible
            ),
            logUpkeep: logUpkeep
        )
        keyCounts = ShardCounts(
            engine: engine,
            pipeline: pipeline,
            committed: committed,
            slots: slots,
            visible: visible,
            views: views,
            applier: applier
        )
        transfer = SlotTransfer(
            appends: NodeAppends(pipeline: pipeline, engine: engine.kind),
            pipeline: pipeline,
            committed: committed,
            slots: slots,
            visible: visible,
            engine: engine,
            applier: applier
        )
        replica = ReplicaLog(log: log, options: options, pipeline: pipeline, committed: committed)
        install = SnapshotInstall(
            engine: engine,
            log: log,
            pipeline: pipeline,
            committed: committed,
            slots: slots,
            damage: views.damage
        )
    }

    // MARK: Opening and closing

    /// Opens engine and log of a data folder and replays what the engine has not seen.
    ///
    /// Blocks for as long as the replay takes; starts the store's threads. The store comes up as a replica; a leader
    /// calls `becomeLeader` next.
    /// - Parameters:
    ///   - openEngine: opens the engine of that kind in a folder.
    ///   - progress: what is going on, in words with a percentage, for the status.
    package static func open(
        folder: DataFolder,
        kind: EngineKind,
        options: Options,
        openEngine: (EngineKind, String) throws(StorageError) -> any StorageEngine = EngineOpener.open,
        progress: (String) -> Void
    ) throws(StorageError) -> ShardStore {
        progress("opening \(kind.rawValue)")
        let engine = try openEngine(kind, folder.enginePath)
        do throws(StorageError) {
            let log = try CommitLog.open(
                folder: folder.logPath,
                options: CommitLog.Options(
                    segmentBytes: options.segmentBytes,
                    durability: options.durability,
                    allocate: options.allocateSegment
                )
            ) { progress("reading the log \(Int($0 * 100)) %") }
            let file = OwnershipFile(path: folder.ownershipPath)
            let store = ShardStore(engine: engine, log: log, ownershipFile: file, options: options)
            do throws(StorageError) {
                try store.recover(progress)
            } catch {
                log.close()
                throw error
            }
            store.startThreads()
            return store
        } catch {
            engine.close()
            throw error
        }
    }

    private func recover(_ progress: (String) -> Void) throws(StorageError) {
        try Recovery(
            engine: engine,
            log: log,
            pipeline: pipeline,
            committed: committed,
            slots: slots,
            visible: visible
        ).run(progress)
    }

    private func startThreads() {
        let (applier, pipeline) = (applier, pipeline)
        threads = [StoreThread { applier.run() }, StoreThread { pipeline.runCommitter() }]
    }

    /// How long a close waits for replicas to confirm what is in flight, in milliseconds: as long as one that is silent
    /// stays in the in-sync set.
    private static let closePatience: UInt64 = 2000

    /// Applies what is committed, stops the threads and closes the files. Event loops have stopped using the store.
    package func close() {
        if lock.withLock({ pipeline.isClosing }) { return }
        if !pipeline.flushCommits(patience: ShardStore.closePatience) {
            stepDown(because: StorageError(.closed, "the node stops, and its replicas have not confirmed the write"))
        }
        let ports = pipeline.close()
        uses.close()
        for thread in threads { thread.join() }
        threads = []
        for port in ports { port.view = nil }
        views.close()
        log.close()
        engine.close()
        EngineOpener.releaseFreeMemory()
    }

    /// Keeps the files open while a job on another thread works with them. With or without the lock.
    /// - Returns: false when the store is closing; don't begin then.
    package func beginUse() -> Bool { uses.begin() }

    package func endUse() { uses.end() }

    // MARK: Who waits

    /// A port for an event loop, or for a thread that appends and waits by itself.
    /// - Parameter wake: called from any thread without the lock when the port has been told something (`nextSignal`),
    ///   perhaps more than once; nil: its owner waits by itself, and is told nothing.
    package func makePort(wake: (@Sendable (StorePort) -> Void)? = nil) -> StorePort {
        let port = StorePort(side: visible.makeSide(), wake: wake)
        lock.withLock { pipeline.waiters.add(port) }
        return port
    }

    /// Gives the port's view back; its owner makes no more calls with it.
    package func removePort(_ port: StorePort) {
        leave(port)
        visible.remove(port.side)
        lock.withLock { pipeline.waiters.remove(port) }
        if let view = port.view { views.giveBack(view) }
        port.view = nil
    }

    /// Calls `body`, without the lock and from any thread, whenever the log or the commit position has grown.
    /// - Returns: a token for `unobserve`.
    package func observe(_ body: @escaping @Sendable () -> Void) -> Int {
        lock.withLock { pipeline.waiters.observe(body) }
    }

    package func unobserve(_ token: Int) {
        lock.withLock { pipeline.waiters.unobserve(token) }
    }
}
