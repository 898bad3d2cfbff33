import Synchronization

/// What becomes of writes that are not committed, and who is told.
extension WritePipeline {
    /// After a failed append or sync nothing more is written: whether the batch is on disk is not known, and what
    /// follows would build on it. A full disk is different, the append was undone before anything was written. Lock held.
    func fail(_ error: StorageError, _ woken: inout Woken) {
        let isClean = error.code == .diskFull
        if isClean, let batch = inFlight.batch {
            lastSequence -= batch.sequences
        } else {
            failure = error
        }
        endInFlight()
        abandonOpen(error, outcomeKnown: isClean, &woken)
    }

    /// The queued writes never enter the log: they can be told so. Lock held.
    func discardOpen(because error: StorageError, _ woken: inout Woken) {
        abandonOpen(error, outcomeKnown: true, &woken)
    }

    private func abandonOpen(_ error: StorageError, outcomeKnown: Bool, _ woken: inout Woken) {
        let through = open.discard()
        decide(
            through: through,
            .failed(through: through, error, outcomeKnown: outcomeKnown),
            .failed(error, isKnown: outcomeKnown),
            &woken
        )
        lock.signalProgress()
    }

    /// The batch in flight is in the log, and its fate is up to the next leader: nobody here can say what became of
    /// it. Lock held; not while it is being written.
    func deposeInFlight(because error: StorageError, _ woken: inout Woken) {
        lease.endTerm()
        guard let batch = inFlight.batch else { return }
        committed.keepAside([batch])
        endInFlight()
        let number = open.number - 1
        decide(
            through: number,
            .failed(through: number, error, outcomeKnown: false),
            .failed(error, isKnown: false),
            &woken
        )
    }

    /// Nothing is in flight any more. Lock held.
    func endInFlight() {
        inFlight.end()
        progress.withLock { $0.inFlightEnd = nil }
    }

    /// The batches up to `number` are decided: loops get the signal, threads the outcome. Lock held.
    func decide(
        through number: UInt64,
        _ signal: StoreSignal,
        _ outcome: @autoclosure () -> PendingAppend.Outcome,
        _ woken: inout Woken
    ) {
        committedNumber = number
        pendingAppends.settle(through: number, outcome())
        waiters.tell(signal, through: number, hasRoom: hasRoom, &woken)
    }
}
