/// Records that the node itself appends, from a thread that waits until they are committed.
extension ShardStore {
    /// How long such an append waits for the applier, or for a change of leader that may still fail. Longer than either
    /// takes, so that only something broken is told to be.
    private static let appendPatience: UInt64 = 10_000
    /// What waits is woken; this only bounds what a lost wake could cost, in milliseconds.
    private static let appendPause = 20

    /// Admits, queues and commits records, on this thread if nobody else commits, and waits for the outcome. Blocks.
    /// - Parameters:
    ///   - bytes: what the records take, at least about.
    ///   - term: of the lead in which they were asked for; nothing is appended in another.
    ///   - mayBeUnacknowledged: whether it is enough that the records are committed, even where the in-sync set is
    ///     smaller than MinInSync by then.
    ///   - body: queues them, or none after all. Called once, with the lock held, unless this throws before.
    /// - Throws: `.notLeader` when the term is over: then the records may be in the log, and the next leader knows. With any
    ///   other code nothing was appended (`.diskFull`, `.tooFewInSync`, `.engine`), unless they may be unacknowledged.
    func appendAndWait<Made>(
        bytes: Int,
        term: UInt64,
        port: StorePort,
        mayBeUnacknowledged: Bool = false,
        _ body: () -> Made
    ) throws(StorageError) -> Made {
        lock.lock()
        defer { lock.unlock() }
        try admitPatiently(bytes: bytes, term: term, port: port)
        let before = open.count
        let made = body()
        if open.count == before { return made }
        let pending = PendingAppend(number: openNumber)
        pendingAppends.append(pending)
        switch awaitOutcome(of: pending) {
        case .committed: return made
        case .unacknowledged(let error):
            if mayBeUnacknowledged { return made }
            throw error
        case .failed(let error, isKnown: true): throw error
        case .failed(let error, isKnown: false):
            throw StorageError(.notLeader, "whether it was written is up to the next leader: \(error.message)")
        }
    }

    /// Lock held.
    private func admitPatiently(bytes: Int, term: UInt64, port: StorePort) throws(StorageError) {
        let started = Clock.monotonicMilliseconds()
        while true {
            guard isLeader, self.term == term, !isClosing else {
                throw StorageError(.notLeader, "this node does not lead in term \(term) any more")
            }
            switch admit(bytes: bytes, port: port) {
            case .admitted: return
            case .refused(let error): throw error
            case .wait: break
            }
            guard Clock.monotonicMilliseconds() - started < ShardStore.appendPatience else {
                if hold != .none { throw StorageError(.notLeader, "the shard's leader is about to change; try again") }
                throw StorageError(.engine, "\(engine.kind.rawValue) takes writes too slowly; try again")
            }
            lock.waitForProgress(milliseconds: ShardStore.appendPause)
        }
    }

    /// Lock held.
    private func awaitOutcome(of pending: PendingAppend) -> PendingAppend.Outcome {
        while true {
            if let outcome = pending.outcome { return outcome }
            if !isCommitting, inFlight == nil, !open.isEmpty, failure == nil {
                commitRounds(1)
                lock.lock()
            } else {
                lock.waitForProgress(milliseconds: ShardStore.appendPause)
            }
        }
    }

    /// The batches up to `number` are decided. Lock held.
    @inline(__always)
    func settleAppends(through number: UInt64, _ outcome: @autoclosure () -> PendingAppend.Outcome) {
        guard !pendingAppends.isEmpty else { return }
        for pending in pendingAppends where pending.number <= number { pending.outcome = outcome() }
        pendingAppends.removeAll { $0.outcome != nil }
    }
}
