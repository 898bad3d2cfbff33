import Replication
import Resharding
import Server
import Storage

/// Appends what resharding decides to the shard's log, in one order, on a thread of its own: ownership, clears, imports.
///
/// Chunks that wait together are appended together, `bytesMax` at most: they share a sync.
final class ShardAppender: @unchecked Sendable {
    // Sendable: everything mutable is guarded by `lock`, but `broken`, which the thread alone uses.
    enum Job {
        case changeOwnership(number: UInt64, own: SlotSet, disown: SlotSet, mapVersion: UInt64)
        case clear(number: UInt64, SlotSet)
        /// For `/clean`.
        case clean([ClosedRange<UInt16>], @Sendable (CleanOutcome) -> Void)
        /// Which slots hold what is nobody's, once all before is in the log; nil when the engine can't tell yet.
        case lookForLeftovers(@Sendable (SlotSet?) -> Void)
        /// For a move, by its link.
        case stage(link: UInt64, SlotSet)
        case importChunk(link: UInt64, MigrationChunk)
        case jump(link: UInt64, number: UInt64, beyond: UInt64)

        /// The link whose jobs are given up when one of them fails.
        var link: UInt64? {
            switch self {
            case .changeOwnership, .clear, .clean, .lookForLeftovers: nil
            case .stage(let link, _), .importChunk(let link, _), .jump(let link, _, _): link
            }
        }
    }

    /// What is appended at once: copying it in holds the store's lock, about 100 µs for so much.
    private static let bytesMax = 1 << 20
    /// Far more than the windows of a machine's streams allow.
    private static let jobsMax = 4096

    private let store: ShardStore
    private let port: StorePort
    private let term: UInt64
    private let deliver: @Sendable (ReshardingMachine.Event) -> Void
    private let lock = StoreLock()
    private var jobs: [Job] = []
    private var isEnding = false
    private var thread: StoreThread?
    /// Links of which something could not be appended.
    private var broken: Set<UInt64> = []

    /// - Parameters:
    ///   - term: nothing is appended in another.
    ///   - deliver: called on the appender's thread.
    init(
        store: ShardStore,
        term: UInt64,
        deliver: @escaping @Sendable (ReshardingMachine.Event) -> Void
    ) {
        self.store = store
        self.term = term
        self.deliver = deliver
        // It waits for commits on its own thread, so no signal is of interest.
        port = store.makePort { _ in }
        thread = StoreThread { [unowned self] in run() }
    }

    func add(_ job: Job) {
        let isTaken = lock.withLock {
            guard !isEnding, jobs.count < ShardAppender.jobsMax else { return false }
            jobs.append(job)
            lock.signalProgress()
            return true
        }
        if !isTaken { fail(job, "too much waits for the shard's log") }
    }

    /// Gives up what is queued, waits for what is under way, and ends the thread. Blocks.
    func end() {
        let left = lock.withLock {
            defer { jobs = [] }
            isEnding = true
            lock.signalProgress()
            return jobs
        }
        for case .clean(_, let reply) in left { reply(.refused("this node is no longer the leader")) }
        thread?.join()
        thread = nil
        store.removePort(port)
    }

    private func run() {
        while let batch = next() {
            guard let first = batch.first else { return }
            if let link = first.link, broken.contains(link) { continue }
            do throws(StorageError) {
                try append(batch)
            } catch {
                if let link = first.link { broken.insert(link) }
                fail(first, error.message)
            }
        }
    }

    /// One job, or several chunks of one link.
    private func next() -> [Job]? {
        lock.lock()
        defer { lock.unlock() }
        while jobs.isEmpty {
            if isEnding { return nil }
            // The period only bounds the wait; a job wakes it.
            lock.waitForProgress(milliseconds: 10_000)
        }
        guard case .importChunk(let link, _) = jobs[0] else { return [jobs.removeFirst()] }
        var count = 0
        var bytes = 0
        while count < jobs.count, case .importChunk(link, let chunk) = jobs[count] {
            if count > 0, bytes + chunk.bytes.count > ShardAppender.bytesMax { break }
            bytes += chunk.bytes.count
            count += 1
        }
        defer { jobs.removeFirst(count) }
        return Array(jobs[..<count])
    }

    private func append(_ batch: [Job]) throws(StorageError) {
        guard let first = batch.first else { return }
        switch first {
        case .changeOwnership(let number, let own, let disown, let version):
            if !disown.isEmpty { Failpoint.sourceHold.visit() }
            if !own.isEmpty { Failpoint.targetOwn.visit() }
            let position = try store.changeOwnership(
                own: own,
                disown: disown,
                mapVersion: version,
                term: term,
                port: port
            )
            if !disown.isEmpty { Failpoint.sourceDisowned.visit() }
            if !own.isEmpty { Failpoint.targetOwned.visit() }
            deliver(.ownershipChanged(number: number, at: position.sequence))
        case .clear(let number, let slots):
            Failpoint.leftoversClear.visit()
            try store.clear(slots, term: term, port: port)
            Failpoint.leftoversCleared.visit()
            deliver(.cleared(number: number))
        case .lookForLeftovers(let reply): reply(try store.leftoverSlots())
        case .clean(let slots, let reply): reply(.removed(try store.clear(slots, term: term, port: port)))
        case .stage(_, let slots):
            Failpoint.targetClear.visit()
            try store.clear(slots, term: term, port: port)
        case .importChunk(let link, _):
            var chunks: [MigrationChunk] = []
            for case .importChunk(_, let chunk) in batch { chunks.append(chunk) }
            Failpoint.targetImport.visit()
            try importChunks(chunks)
            Failpoint.targetImported.visit()
            for chunk in chunks { deliver(.target(link: link, .imported(bytes: chunk.bytes.count))) }
        case .jump(let link, let number, let beyond):
            Failpoint.targetJump.visit()
            _ = try store.jump(above: beyond, term: term, port: port)
            Failpoint.targetJumped.visit()
            deliver(.target(link: link, .jumped(number: number)))
        }
    }

    private func importChunks(_ chunks: [MigrationChunk]) throws(StorageError) {
        // Records have longer headers than entries of chunks.
        let bytes = chunks.reduce(0) { $0 + $1.bytes.count + $1.count * LogRecord.headerBytes }
        try store.importKeys(bytes: bytes, term: term, port: port) { put in
            for chunk in chunks {
                chunk.forEachEntry { entry in
                    let value = StoredValue(
                        version: entry.version,
                        expiry: entry.expiry,
                        flags: entry.flags,
                        bytes: entry.value
                    )
                    put(entry.slot, entry.key, entry.kind == .put ? value : nil)
                }
            }
        }
    }

    private func fail(_ job: Job, _ reason: String) {
        switch job {
        case .clean(_, let reply): reply(.failed(StorageError(.io, reason)))
        case .lookForLeftovers(let reply): reply(nil)
        case .changeOwnership(let number, _, _, _): deliver(.ownershipFailed(number: number, reason: reason))
        case .clear(let number, _): deliver(.clearFailed(number: number, reason: reason))
        case .stage(let link, _), .importChunk(let link, _), .jump(let link, _, _):
            deliver(.target(link: link, .importFailed(reason: reason)))
        }
    }
}
