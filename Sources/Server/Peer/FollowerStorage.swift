import NIOCore
import NIOPosix
import Replication
import Storage

/// Executes a follower's storage actions on one thread, in order; consecutive appends share one sync.
final class FollowerStorage: @unchecked Sendable {
    // Sendable: `pending` and `isRunning` are confined to the link's event loop; jobs run on the single pool thread.
    enum Job: Sendable {
        case append(LogBatch)
        case advanceCommit(UInt64)
        case truncate(Position)
        case beginSnapshot
        case installChunk(SnapshotChunk)
        case finishSnapshot(Position, SlotOwnership?)
    }

    private let store: ShardStore
    private let eventLoop: any EventLoop
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private var pending: [Job] = []
    private var isRunning = false
    private var hasStopped = false
    /// Takes an event on the link's loop; set before the first `run`.
    var deliver: ((FollowerMachine.Event) -> Void)?

    init(store: ShardStore, eventLoop: any EventLoop) {
        self.store = store
        self.eventLoop = eventLoop
        thread.start()
    }

    func add(_ job: Job) { pending.append(job) }

    /// Starts a round if there is something to do. On the link's loop.
    func run() {
        guard !isRunning, !pending.isEmpty, !hasStopped else { return }
        isRunning = true
        let jobs = pending
        pending = []
        let store = self.store
        thread.submit { state in
            guard state == .active else { return }
            let events = FollowerStorage.execute(jobs, store)
            self.eventLoop.execute { self.finish(events) }
        }
    }

    /// Waits for the round under way. Blocks; not for event loops.
    func stop() {
        hasStopped = true
        try? thread.syncShutdownGracefully()
    }

    private func finish(_ events: [FollowerMachine.Event]) {
        isRunning = false
        for event in events { deliver?(event) }
        run()
    }

    private static func execute(_ jobs: [Job], _ store: ShardStore) -> [FollowerMachine.Event] {
        var events: [FollowerMachine.Event] = []
        var batches: [LogBatch] = []
        do throws(StorageError) {
            for job in jobs {
                if case .append(let batch) = job {
                    batches.append(batch)
                    continue
                }
                try append(&batches, store, &events)
                events.append(try execute(job, store))
            }
            try append(&batches, store, &events)
        } catch {
            events.append(.storageFailed(error.message))
        }
        return events
    }

    private static func append(
        _ batches: inout [LogBatch],
        _ store: ShardStore,
        _ events: inout [FollowerMachine.Event]
    ) throws(StorageError) {
        guard let last = batches.last else { return }
        try store.appendReplicated(batches)
        events.append(.synced(through: last.end))
        batches = []
    }

    private static func execute(_ job: Job, _ store: ShardStore) throws(StorageError) -> FollowerMachine.Event {
        switch job {
        case .append: return .tick
        case .advanceCommit(let sequence):
            store.advanceCommit(to: sequence)
            return .applied(sequence: store.lock.withLock { store.commitPosition.sequence })
        case .truncate(let position):
            try store.truncate(after: position)
            return .truncated
        case .beginSnapshot:
            try store.beginInstall()
            return .snapshotBegun
        case .installChunk(let chunk):
            let keys = try install(chunk, store)
            return .chunkInstalled(keys: keys)
        case .finishSnapshot(let position, let owned):
            try store.finishInstall(position: position, owned: owned)
            return .snapshotFinished
        }
    }

    private static func install(_ chunk: SnapshotChunk, _ store: ShardStore) throws(StorageError) -> UInt64 {
        try chunk.withEntries { entries throws(StorageError) in
            let writes = entries.map { entry in
                let value = StoredValue(
                    version: entry.version,
                    expiry: entry.expiry,
                    flags: entry.flags,
                    bytes: entry.value
                )
                return EngineWrite(slot: entry.slot, key: entry.key, value: value, previous: .absent)
            }
            try writes.withUnsafeBufferPointer { pointer throws(StorageError) in try store.install(pointer) }
            return UInt64(entries.count)
        }
    }
}
