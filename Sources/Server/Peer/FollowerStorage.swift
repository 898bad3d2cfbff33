import NIOCore
import Replication
import Storage

/// Executes a follower's storage actions on one thread, in order; consecutive appends share one sync, and consecutive
/// chunks of a snapshot one transaction of the engine. What the leader sends ahead (`inFlightBytesMax`) bounds both.
///
/// Its link owns it: `end`, then `join`, and nothing of it is left.
final class FollowerStorage: @unchecked Sendable {
    // Sendable: everything mutable is confined to the link's event loop; jobs run on the queue's thread.
    enum Job: Sendable {
        case append(LogBatch)
        case advanceCommit(UInt64)
        case truncate(Position)
        case beginSnapshot
        case installChunk(SnapshotChunk)
        case finishSnapshot(Position, SlotOwnership?)
    }

    /// All that the leader sends ahead, if chunks are full; a bound where they are not.
    private static let chunksPerTransaction = ReplicationLimits.inFlightBytesMax / ReplicationLimits.snapshotChunkBytes

    private let store: ShardStore
    private let eventLoop: any EventLoop
    private let queue = WorkQueue("shoal-follower")
    private var pending: [Job] = []
    private var isRunning = false
    private var hasEnded = false
    /// Takes an event on the link's loop; nil before `begin` and after `end`.
    private var deliver: ((FollowerMachine.Event) -> Void)?

    init(store: ShardStore, eventLoop: any EventLoop) {
        self.store = store
        self.eventLoop = eventLoop
    }

    /// On the link's loop, before the first job.
    func begin(_ deliver: @escaping (FollowerMachine.Event) -> Void) {
        eventLoop.assertInEventLoop()
        guard !hasEnded else { return }
        self.deliver = deliver
    }

    /// On the link's loop.
    func add(_ job: Job) {
        eventLoop.assertInEventLoop()
        guard !hasEnded else { return }
        pending.append(job)
    }

    /// Starts a round if there is something to do. On the link's loop.
    func run() {
        eventLoop.assertInEventLoop()
        guard !isRunning, !pending.isEmpty, !hasEnded else { return }
        isRunning = true
        let jobs = pending
        pending = []
        let store = self.store
        queue.add {
            let events = FollowerStorage.execute(jobs, store)
            self.eventLoop.execute { self.finish(events) }
        }
    }

    /// No round begins after this, and none tells of its end. On the link's loop.
    func end() {
        eventLoop.assertInEventLoop()
        hasEnded = true
        pending = []
        deliver = nil
    }

    /// After `end`: waits for the round under way and for the thread. Blocks; not for event loops.
    func join() { queue.close() }

    private func finish(_ events: [FollowerMachine.Event]) {
        isRunning = false
        for event in events { deliver?(event) }
        run()
    }

    private static func execute(_ jobs: [Job], _ store: ShardStore) -> [FollowerMachine.Event] {
        var events: [FollowerMachine.Event] = []
        var batches: [LogBatch] = []
        var chunks: [SnapshotChunk] = []
        do throws(StorageError) {
            for job in jobs {
                switch job {
                case .append(let batch):
                    try install(&chunks, store, &events)
                    batches.append(batch)
                case .installChunk(let chunk):
                    try append(&batches, store, &events)
                    chunks.append(chunk)
                default:
                    try append(&batches, store, &events)
                    try install(&chunks, store, &events)
                    events.append(try execute(job, store))
                }
            }
            try append(&batches, store, &events)
            try install(&chunks, store, &events)
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
        case .append, .installChunk: return .tick
        case .advanceCommit(let sequence):
            store.advanceCommit(to: sequence)
            return .applied(sequence: store.lock.withLock { store.commitPosition.sequence })
        case .truncate(let position):
            try store.truncate(after: position)
            return .truncated
        case .beginSnapshot:
            try store.beginInstall()
            return .snapshotBegun
        case .finishSnapshot(let position, let owned):
            try store.finishInstall(position: position, owned: owned)
            return .snapshotFinished
        }
    }

    private static func install(
        _ chunks: inout [SnapshotChunk],
        _ store: ShardStore,
        _ events: inout [FollowerMachine.Event]
    ) throws(StorageError) {
        var left = chunks[...]
        chunks = []
        while !left.isEmpty {
            let isFromLog = left.first?.isFromLog ?? false
            let group = left.prefix(FollowerStorage.chunksPerTransaction).prefix { $0.isFromLog == isFromLog }
            left = left.dropFirst(group.count)
            var writes: [EngineWrite] = []
            try install(group, &writes, store, isFromLog: isFromLog)
            for chunk in group { events.append(.chunkInstalled(keys: UInt64(chunk.count))) }
        }
    }

    /// Entries are borrowed from their chunk, so each chunk's are added inside the call that lends those before it.
    private static func install(
        _ chunks: ArraySlice<SnapshotChunk>,
        _ writes: inout [EngineWrite],
        _ store: ShardStore,
        isFromLog: Bool
    ) throws(StorageError) {
        guard let chunk = chunks.first else {
            if isFromLog { return try store.installChanges(writes) }
            return try writes.withUnsafeBufferPointer { pointer throws(StorageError) in try store.install(pointer) }
        }
        try chunk.withEntries { entries throws(StorageError) in
            for entry in entries {
                let value = StoredValue(
                    version: entry.version,
                    expiry: entry.expiry,
                    flags: entry.flags,
                    bytes: entry.value
                )
                writes.append(
                    EngineWrite(
                        slot: entry.slot,
                        key: entry.key,
                        value: entry.kind == .deleted ? nil : value,
                        previous: isFromLog ? .unknown : .absent
                    )
                )
            }
            try install(chunks.dropFirst(), &writes, store, isFromLog: isFromLog)
        }
    }
}
