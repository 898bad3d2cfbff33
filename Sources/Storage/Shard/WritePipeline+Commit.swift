import Model
import Synchronization

extension WritePipeline {
    /// Batches one call commits before it hands over to a fresh tick, so that a loop's sockets don't starve.
    private static let roundsPerCallMax = 2

    /// Commits what is queued, or leaves it to whoever is committing, or to the commit thread.
    func commit() {
        lock.lock()
        guard needsCommit else { return lock.unlock() }
        if pace.isSlow {
            lock.signalWork()
            return lock.unlock()
        }
        commitRounds(WritePipeline.roundsPerCallMax)
    }

    /// Commits on this thread whatever the mode, if nobody else does.
    func commitFromThread() {
        lock.lock()
        guard needsCommit, failure == nil else { return lock.unlock() }
        commitRounds(1)
    }

    /// Writes and publishes up to `rounds` batches. Where replicas must have a batch too, it stays in flight and
    /// `advanceReplicated` goes on. Lock held at the call, released at the return.
    func commitRounds(_ rounds: Int) {
        isCommitting = true
        var woken: Woken = []
        var left = rounds
        while left > 0, !open.isEmpty, inFlight.batch == nil, failure == nil {
            left -= 1
            guard lease.mayCommit else {
                discardOpen(because: WritePipeline.lapsed, &woken)
                break
            }
            // The record that starts a term is no client's: reads go on with whoever is left.
            guard !isLeader || quorum.hasEnoughMembers else {
                discardOpen(because: quorum.tooFewMembers, &woken)
                break
            }
            let batch = sealOpenBatch()
            lock.unlock()
            let started = Clock.monotonicNanoseconds()
            let outcome = writeDurably(batch)
            let ended = Clock.monotonicNanoseconds()
            lock.lock()
            switch outcome {
            case .success:
                if options.durability == .fsync { pace.observe(microseconds: Double(ended - started) / 1000) }
                inFlight.noteDurable(at: ended)
                commitInFlight(&woken)
            case .failure(let error):
                fail(error, &woken)
            }
        }
        isCommitting = false
        finishRound(&woken)
    }

    private func sealOpenBatch() -> LogBatch {
        let batch = open.seal(
            into: &inFlight,
            term: term,
            firstSequence: lastSequence + 1,
            commitSequence: committed.position.sequence
        )
        lastSequence += batch.sequences
        progress.withLock { $0.inFlightEnd = batch.end }
        return batch
    }

    private func writeDurably(_ batch: LogBatch) -> Result<Void, StorageError> {
        do throws(StorageError) {
            try log.append(batch)
            try log.sync()
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Tells everyone what has changed. Lock held at the call, released at the return.
    func finishRound(_ woken: inout Woken) {
        lock.signalProgress()
        if needsCommit, failure == nil {
            if !waiters.askForCommit(&woken) { lock.signalWork() }
        }
        let observers = waiters.allObservers
        lock.unlock()
        for port in woken { port.wake() }
        for observer in observers { observer() }
    }

    /// The log or the commit position has grown by other ways than a commit here.
    func notifyObservers() {
        for observer in lock.withLock({ waiters.allObservers }) { observer() }
    }

    /// Makes the batch in flight visible if it is durable wherever it has to be. Lock held.
    func commitInFlight(_ woken: inout Woken) {
        guard let batch = inFlight.batch, inFlight.isDurable, quorum.allowsCommit(of: batch.end.sequence) else {
            return
        }
        guard lease.mayCommit else { return deposeInFlight(because: WritePipeline.lapsed, &woken) }
        committed.publishUncommitted(through: batch.end.sequence)
        committed.publish(batch)
        let isAcknowledged = !isLeader || quorum.hasEnoughMembers
        lease.takeTerm()
        endInFlight()
        let number = open.number - 1
        decide(
            through: number,
            isAcknowledged
                ? .committed(through: number, end: batch.end.sequence, members: quorum.members)
                : .failed(through: number, quorum.tooFewMembers, outcomeKnown: false),
            // The set may have shrunk below MinInSync since the batch was sealed. It is in the log and stays, but on fewer
            // disks than an acknowledgement would promise: that nobody gets one is all that is left to do.
            isAcknowledged ? .committed : .unacknowledged(quorum.tooFewMembers),
            &woken
        )
    }

    static let lapsed = StorageError(
        .notLeader,
        "this node's lease ran out before the write could be committed; ask again, another node may be the leader"
    )

    // MARK: Waiting

    /// Each commit's end wakes what waits; this only bounds what a lost wake could cost, in milliseconds.
    private static let flushPause = 20

    /// Commits what is queued, on this thread or on the one that is at it, and waits for the end of it.
    /// - Parameter patience: milliseconds after which it gives up: replicas may be away.
    /// - Returns: whether nothing is queued or in flight any more.
    func flushCommits(patience: UInt64) -> Bool {
        let started = Clock.monotonicMilliseconds()
        lock.lock()
        defer { lock.unlock() }
        let target = open.number
        while committedNumber < target, failure == nil, !(open.isEmpty && inFlight.batch == nil) {
            if Clock.monotonicMilliseconds() - started >= patience { return false }
            if needsCommit {
                commitRounds(.max)
                lock.lock()
            } else {
                lock.waitForProgress(milliseconds: WritePipeline.flushPause)
            }
        }
        return true
    }

    /// The commit thread is signalled when there is work; this only bounds what a lost signal could cost.
    private static let idleMilliseconds = 10_000

    /// The thread that commits where a sync would stall the loops: waits for queued writes and commits them.
    func runCommitter() {
        while true {
            lock.lock()
            while !isClosing, !needsCommit || !pace.isSlow || failure != nil {
                lock.waitForWork(milliseconds: WritePipeline.idleMilliseconds)
            }
            if isClosing { return lock.unlock() }
            commitRounds(.max)
        }
    }
}
