import Model

/// Records that the node itself appends, from a thread that waits until they are committed. Has no state of its own: what
/// waits is kept by `WritePipeline`.
struct NodeAppends: Sendable {
    let pipeline: WritePipeline
    /// For messages.
    let engine: EngineKind

    /// How long such an append waits for the applier, or for a change of leader that may still fail, in milliseconds. Longer
    /// than either takes, so that only something broken is told to be.
    private static let patience: UInt64 = 10_000
    /// What waits is woken; this only bounds what a lost wake could cost, in milliseconds.
    private static let pause = 20

    /// Admits, queues and commits records, on this thread if nobody else commits, and waits for the outcome. Blocks.
    /// - Parameters:
    ///   - bytes: what the records take, at least about.
    ///   - term: of the leadership in which they were asked for; nothing is appended in another.
    ///   - mayBeUnacknowledged: whether it is enough that the records are committed, even where the in-sync set is
    ///     smaller than MinInSync by then.
    ///   - body: queues them, or none after all. Called once, with the lock held, unless this throws before.
    /// - Throws: `.notLeader` when the term is over: then the records may be in the log, and the next leader knows. With any
    ///   other code nothing was appended (`.diskFull`, `.tooFewInSync`, `.engine`), unless they may be unacknowledged.
    func append<Made>(
        bytes: Int,
        term: UInt64,
        port: StorePort,
        mayBeUnacknowledged: Bool = false,
        _ body: () -> Made
    ) throws(StorageError) -> Made {
        pipeline.lock.lock()
        defer { pipeline.lock.unlock() }
        try admit(bytes: bytes, term: term, port: port)
        let before = pipeline.open.count
        let made = body()
        if pipeline.open.count == before { return made }
        switch awaitOutcome(of: pipeline.pendingAppends.add(number: pipeline.open.number)) {
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
    private func admit(bytes: Int, term: UInt64, port: StorePort) throws(StorageError) {
        let started = Clock.monotonicMilliseconds()
        while true {
            guard pipeline.isLeader, pipeline.term == term, !pipeline.isClosing else {
                throw StorageError(.notLeader, "this node is not the leader of term \(term) any more")
            }
            switch pipeline.admit(bytes: bytes, port: port) {
            case .admitted: return
            case .refused(let error): throw error
            case .wait: break
            }
            guard Clock.monotonicMilliseconds() - started < NodeAppends.patience else {
                if pipeline.hold != .none {
                    throw StorageError(.notLeader, "the shard's leader is about to change; try again")
                }
                throw StorageError(.engine, "\(engine.rawValue) takes writes too slowly; try again")
            }
            pipeline.lock.waitForProgress(milliseconds: NodeAppends.pause)
        }
    }

    /// Lock held.
    private func awaitOutcome(of pending: PendingAppend) -> PendingAppend.Outcome {
        while true {
            if let outcome = pending.outcome { return outcome }
            if pipeline.needsCommit, pipeline.failure == nil {
                pipeline.commitRounds(1)
                pipeline.lock.lock()
            } else {
                pipeline.lock.waitForProgress(milliseconds: NodeAppends.pause)
            }
        }
    }
}
