import Model
import Synchronization

/// The way of a write: open batch → append and sync → commit quorum → publish (docs/architecture.md, The life of a write).
///
/// Owns what is queued and what is in flight, what a commit waits for, why nothing more is taken in, and who waits for the
/// outcome. All of it is guarded by the store's lock, which is never held across I/O: `isCommitting` keeps others out while
/// a batch is written. Methods whose comment says "lock held" are called between `lock.lock()` and `lock.unlock()`; the
/// others take the lock themselves, or need none.
final class WritePipeline: @unchecked Sendable {
    // Sendable: all mutable state is guarded by the store's lock, but for `progress`, which has its own.
    typealias Woken = StoreWaiters.Woken

    let lock: StoreLock
    let log: CommitLog
    let options: StoreOptions
    let visible: VisibleState
    let lease: LeaderLease
    let readTable: ReadTable
    let committed: CommittedState
    /// The last of what the node's leadership asks for all the time, so that it need not wait for commands.
    let progress = Mutex(StoreProgress())

    @exclusivity(unchecked) var open = OpenBatch()
    @exclusivity(unchecked) var inFlight = BatchInFlight()
    @exclusivity(unchecked) var isCommitting = false
    /// Batches up to this number are decided.
    var committedNumber: UInt64 = 0
    /// Of the log, what is in flight included.
    var term: UInt64 = 0
    var lastSequence: UInt64 = 0
    /// What a commit must wait for.
    @exclusivity(unchecked) var quorum = CommitQuorum()
    /// Commands that wait for a change of leader.
    @exclusivity(unchecked) var hold = IntakeHold.none {
        didSet { readTable.setHeld(hold == .all) }
    }
    /// Why nothing more is written until the store is opened again.
    @exclusivity(unchecked) var failure: StorageError? {
        didSet { progress.withLock { $0.failure = failure } }
    }
    /// Why the engine can't take writes at the moment (a full disk); nil when it can. Told by the applier.
    @exclusivity(unchecked) var engineError: StorageError?
    /// Whether writes are refused with room left on the disk. Told by whoever looks at the disk.
    @exclusivity(unchecked) var diskReserve = DiskReserve(bytes: 0)
    @exclusivity(unchecked) var isClosing = false
    /// Where the sync runs.
    var pace = LoopPace.commits
    var waiters = StoreWaiters()
    /// Records whose callers wait on threads of theirs.
    var pendingAppends = PendingAppends()

    init(
        lock: StoreLock,
        log: CommitLog,
        options: StoreOptions,
        visible: VisibleState,
        lease: LeaderLease,
        readTable: ReadTable,
        committed: CommittedState
    ) {
        self.lock = lock
        self.log = log
        self.options = options
        self.visible = visible
        self.lease = lease
        self.readTable = readTable
        self.committed = committed
    }

    /// Whether this node serves as the shard's leader: its term has begun and is committed. Changed under the lock, but for
    /// `fence`; read without it.
    var isLeader: Bool { @inline(__always) get { lease.isLeader } }

    /// Memory that writes hold until the applier has put them into the engine. Lock held.
    @inline(__always) var unappliedBytes: Int { visible.dirtyBytes + visible.takenBytes }

    /// Whether writes that wait for room go on. Lock held.
    var hasRoom: Bool { hold == .none && unappliedBytes < options.unappliedBytesMax / 2 }

    /// Whether nothing is queued or in flight. Lock held.
    var isDrained: Bool { open.isEmpty && inFlight.batch == nil && !isCommitting }

    /// Whether somebody must call `commit`. Lock held.
    var needsCommit: Bool { !open.isEmpty && !isCommitting && inFlight.batch == nil }

    /// Bytes of log before the first record that is not committed. Lock held, as the leader.
    var commitOffset: UInt64 {
        let (end, pending) = (log.endOffset, UInt64(inFlight.batch?.bytes.count ?? 0))
        return log.end > committed.position && end > pending ? end - pending : end
    }

    // MARK: Admission. Lock held.

    @inline(__always)
    func admit(bytes: Int, port: StorePort) -> WriteAdmission {
        if failure == nil, isLeader, !isClosing, engineError == nil, diskReserve.refusal == nil, hold == .none,
            quorum.hasEnoughMembers,
            unappliedBytes + open.length + bytes <= options.unappliedBytesMax, open.length + bytes < 1 << 20,
            log.hasRoom(for: open.length + bytes + LogBatch.headerBytes + 8)
        {
            return .admitted
        }
        return admitSlowly(bytes: bytes, port: port)
    }

    private func admitSlowly(bytes: Int, port: StorePort) -> WriteAdmission {
        if let failure { return .refused(failure) }
        if hold != .none, !isClosing {
            port.waitsForRoom = true
            return .wait
        }
        guard isLeader, !isClosing else {
            return .refused(StorageError(.notLeader, "this node does not take writes now; ask again"))
        }
        guard quorum.hasEnoughMembers else { return .refused(quorum.tooFewMembers) }
        if let refusal = diskReserve.refusal { return .refused(refusal) }
        guard log.hasRoom(for: open.length + bytes + LogBatch.headerBytes + 8) else {
            return .refused(
                StorageError(
                    .diskFull,
                    "no space left for the commit log: free space on the disk, writes go on by themselves"
                )
            )
        }
        let isFull = unappliedBytes + open.length + bytes > options.unappliedBytesMax
        if isFull, let engineError { return .refused(engineError) }
        // A value larger than the whole bound must still get through when nothing else is waiting.
        if (isFull && unappliedBytes + open.count > 0)
            || (open.length + bytes > StorageLimits.batchBytesSoftMax && !open.isEmpty)
        {
            port.waitsForRoom = true
            if unappliedBytes > 0 { committed.requestFlush() }
            return .wait
        }
        return .admitted
    }

    /// A batch on this disk usually waits a fraction of this for replicas, in nanoseconds. One that waits longer may be
    /// about to lose one of them, and what asks for acknowledgements does not queue up after it.
    private static let replicaPatience: UInt64 = 100_000_000

    func admit(acknowledgements count: Int, port: StorePort) -> WriteAdmission {
        guard quorum.members >= count else {
            let members = CommitQuorum.counted(quorum.members)
            return .refused(StorageError(.tooFewInSync, "the in-sync set has \(members), acks asks for \(count)"))
        }
        if inFlight.isDurable, Clock.monotonicNanoseconds() - inFlight.durableAt > WritePipeline.replicaPatience {
            port.waitsForRoom = true
            return .wait
        }
        return .admitted
    }

    // MARK: Queueing. Lock held.

    /// - Returns: the number of the batch the reply must wait for.
    @inline(__always)
    func queue(_ record: LogRecord, port: StorePort) -> UInt64 {
        open.append(record)
        return awaitOpenBatch(port)
    }

    /// The version (sequence) that the last queued record will have.
    @inline(__always) var lastQueuedVersion: UInt64 { lastSequence + UInt64(open.count) }

    @inline(__always)
    func awaitPending(_ port: StorePort) -> UInt64? {
        if !open.isEmpty { return awaitOpenBatch(port) }
        guard inFlight.batch != nil else { return nil }
        port.waitsForBatch = max(port.waitsForBatch, open.number - 1)
        return open.number - 1
    }

    @inline(__always)
    private func awaitOpenBatch(_ port: StorePort) -> UInt64 {
        port.waitsForBatch = open.number
        return open.number
    }

    /// Looks for a key among the writes that are not visible yet; nil: none of them touches it.
    func readPending(
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        now: UInt64,
        _ body: (StoredValue) -> Void
    ) -> Bool? {
        if !open.isEmpty, let found = open.find(key, hash: hash) {
            return WritePipeline.answer(found.record, lastSequence + 1 + UInt64(found.ordinal), now, body)
        }
        if let found = inFlight.find(key, hash: hash) {
            return WritePipeline.answer(found.record, found.sequence, now, body)
        }
        return nil
    }

    private static func answer(
        _ record: LogRecord,
        _ sequence: UInt64,
        _ now: UInt64,
        _ body: (StoredValue) -> Void
    ) -> Bool {
        guard record.kind != .delete, record.expiry == 0 || record.expiry > now else { return false }
        body(StoredValue(record, sequence: sequence))
        return true
    }

    /// Takes over where the log ends: it was opened, or another leader has changed it. Lock held.
    func followLog() {
        lastSequence = log.end.sequence
        term = log.end.term
    }
}
