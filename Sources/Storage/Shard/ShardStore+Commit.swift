import Synchronization

extension ShardStore {
    /// Batches one call commits before it hands over to a fresh tick, so that a loop's sockets don't starve.
    private static let roundsPerCallMax = 2

    /// Commits what all loops have queued: one append, one sync, then visibility and replies.
    ///
    /// Called at the end of a tick by any loop. If another thread is committing, it takes these writes along and this
    /// call returns at once. On a slow disk the work goes to the commit thread.
    package func commit() {
        lock.lock()
        guard !isCommitting, !open.isEmpty, inFlight == nil else { return lock.unlock() }
        if pace.mode == .thread {
            lock.signalWork()
            return lock.unlock()
        }
        commitRounds(ShardStore.roundsPerCallMax)
    }

    /// Writes and publishes up to `rounds` batches. Where replicas must have a batch too, it stays in flight and
    /// `advanceReplicated` goes on. Lock held at the call, released at the return.
    func commitRounds(_ rounds: Int) {
        isCommitting = true
        var signals: [(StorePort, StoreSignal)] = []
        var left = rounds
        while left > 0, !open.isEmpty, inFlight == nil, failure == nil {
            left -= 1
            guard lease.isValid else {
                discardOpen(because: ShardStore.lapsed, signals: &signals)
                break
            }
            // The record that starts a term is no client's: reads go on with whoever is left.
            guard !isLeader || quorum.hasEnoughMembers else {
                discardOpen(because: quorum.tooFewMembers, signals: &signals)
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
                if options.durability == .fsync { pace.observe(syncMicroseconds: Double(ended - started) / 1000) }
                inFlightIsDurable = true
                inFlightDurableAt = ended
                commitInFlight(&signals)
            case .failure(let error):
                fail(error, signals: &signals)
            }
        }
        isCommitting = false
        finishRound(&signals)
    }

    /// Tells everyone what has changed. Lock held at the call, released at the return.
    func finishRound(_ signals: inout [(StorePort, StoreSignal)]) {
        lock.signalProgress()
        let needsMore = !open.isEmpty && !isCommitting && inFlight == nil && failure == nil
        if needsMore { if let port = ports.first { signals.append((port, .commitNeeded)) } else { lock.signalWork() } }
        let observers = Array(self.observers.values)
        lock.unlock()
        for (port, signal) in signals { port.wake(signal) }
        for observer in observers { observer() }
    }

    /// Makes the batch in flight visible if it is durable wherever it has to be. Lock held.
    func commitInFlight(_ signals: inout [(StorePort, StoreSignal)]) {
        guard let batch = inFlight, inFlightIsDurable, quorum.allowsCommit(of: batch.end.sequence) else { return }
        guard lease.isValid else { return deposeInFlight(because: ShardStore.lapsed, &signals) }
        publishUncommitted(through: batch.end.sequence)
        publish(batch)
        let isAcknowledged = !isLeader || quorum.hasEnoughMembers
        if !isLeader, batch.term == term { isLeader = true }
        inFlight = nil
        inFlightIsDurable = false
        committedNumber = openNumber - 1
        settleAppends(through: committedNumber, isAcknowledged ? .committed : .unacknowledged(quorum.tooFewMembers))
        collect(&signals, outcome(of: batch, isAcknowledged: isAcknowledged), through: committedNumber)
    }

    /// The set may have shrunk below MinInSync since the batch was sealed. It is in the log and stays, but on fewer disks
    /// than an acknowledgement would promise: that nobody gets one is all that is left to do.
    private func outcome(of batch: LogBatch, isAcknowledged: Bool) -> StoreSignal {
        if isAcknowledged {
            return .committed(through: committedNumber, end: batch.end.sequence, members: quorum.members)
        }
        return .failed(through: committedNumber, quorum.tooFewMembers, outcomeKnown: false)
    }

    /// Records of earlier terms, and those a replica has not been told to be committed. Lock held.
    func publishUncommitted(through sequence: UInt64) {
        var published = 0
        while published < uncommitted.count, uncommitted[published].end.sequence <= sequence {
            publish(uncommitted[published])
            published += 1
        }
        uncommitted.removeFirst(published)
    }

    private func sealOpenBatch() -> LogBatch {
        let batch = open.seal(
            term: term,
            firstSequence: lastSequence + 1,
            commitSequence: commitPosition.sequence,
            wallTime: Clock.wallMilliseconds()
        )
        lastSequence += batch.sequences
        inFlight = batch
        swap(&openIndex, &inFlightIndex)
        openIndex.reset()
        openNumber += 1
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

    /// Makes a batch that is at or below the commit position visible and leaves it to the applier. Lock held.
    func publish(_ batch: LogBatch) {
        if unappliedLogBytes == 0 { oldestDirtyAt = Clock.monotonicMilliseconds() }
        publishRecords(of: batch)
        commitPosition = batch.end
        unappliedLogBytes += batch.bytes.count
        if visible.dirtyBytes >= options.applyBytes || unappliedLogBytes >= options.applyLogBytes { lock.signalWork() }
    }

    private func publishRecords(of batch: LogBatch) {
        visible.publish(batch) { slots in
            clearing.formUnion(slots)
            clearedNext.formUnion(slots)
        } other: { record, sequence in
            guard record.kind == .ownership else { return }
            publishOwnership(record, at: Position(term: batch.term, sequence: sequence))
        }
    }

    private static let lapsed = StorageError(
        .notLeader,
        "this node's lease ran out before the write could be committed; ask again, another node may lead"
    )

    /// After a failed append or sync nothing more is written: whether the batch is on disk is not known, and what
    /// follows would build on it. A full disk is different, the append was undone before anything was written.
    private func fail(_ error: StorageError, signals: inout [(StorePort, StoreSignal)]) {
        let isClean = error.code == .diskFull
        if isClean, let batch = inFlight {
            lastSequence -= batch.sequences
        } else {
            failure = error
        }
        inFlight = nil
        inFlightIsDurable = false
        abandonOpen(error, outcomeKnown: isClean, &signals)
    }

    /// The queued writes never enter the log: they can be told so. Lock held.
    func discardOpen(because error: StorageError, signals: inout [(StorePort, StoreSignal)]) {
        abandonOpen(error, outcomeKnown: true, &signals)
    }

    private func abandonOpen(
        _ error: StorageError,
        outcomeKnown: Bool,
        _ signals: inout [(StorePort, StoreSignal)]
    ) {
        open.discard()
        openIndex.reset()
        let through = openNumber
        openNumber += 1
        committedNumber = through
        settleAppends(through: through, .failed(error, isKnown: outcomeKnown))
        collect(&signals, .failed(through: through, error, outcomeKnown: outcomeKnown), through: through)
        lock.signalProgress()
    }

    /// The batch in flight is in the log, and its fate is up to the next leader: nobody here can say what became of
    /// it. Lock held; not while it is being written.
    func deposeInFlight(because error: StorageError, _ signals: inout [(StorePort, StoreSignal)]) {
        isLeader = false
        guard let batch = inFlight else { return }
        uncommitted.append(batch)
        inFlight = nil
        inFlightIsDurable = false
        let number = openNumber - 1
        committedNumber = number
        settleAppends(through: number, .failed(error, isKnown: false))
        collect(&signals, .failed(through: number, error, outcomeKnown: false), through: number)
    }

    private func collect(
        _ signals: inout [(StorePort, StoreSignal)],
        _ signal: StoreSignal,
        through number: UInt64
    ) {
        for port in ports {
            if port.waitsForBatch != 0 {
                signals.append((port, signal))
                if port.waitsForBatch <= number { port.waitsForBatch = 0 }
            }
            if port.waitsForRoom, hold == .none, unappliedBytes < options.unappliedBytesMax / 2 {
                port.waitsForRoom = false
                signals.append((port, .room))
            }
        }
    }

    /// The commit thread is signalled when there is work; this only bounds what a lost signal could cost.
    private static let idleMilliseconds = 10_000

    /// The thread of mode `thread`: waits for queued writes and commits them.
    func runCommitter() {
        while true {
            lock.lock()
            while !isClosing, open.isEmpty || isCommitting || inFlight != nil || pace.mode == .loop || failure != nil {
                lock.waitForWork(milliseconds: ShardStore.idleMilliseconds)
            }
            if isClosing { return lock.unlock() }
            commitRounds(.max)
        }
    }
}
