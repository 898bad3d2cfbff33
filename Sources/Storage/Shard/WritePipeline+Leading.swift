import Model
import Synchronization

/// A leader's side: terms, leases, and commits that wait for replicas. The node's leadership decides; the store does as told
/// and checks lease and quorum whenever it matters.
extension WritePipeline {
    /// Appends the record that starts a term and makes it durable here.
    func beginTerm(_ number: UInt64, _ change: (inout CommitQuorum) -> Void) throws(StorageError) {
        lock.lock()
        guard number > term, !isLeader, inFlight.batch == nil, failure == nil, !committed.isInstalling else {
            let reason = failure ?? StorageError(.notLeader, "term \(number) can't begin: the log is in term \(term)")
            lock.unlock()
            throw reason
        }
        term = number
        lease.beginTerm()
        change(&quorum)
        open.append(LogRecord(kind: .termStart, slot: 0, key: UnsafeRawBufferPointer(start: nil, count: 0)))
        commitRounds(1)
        try lock.withLock { () throws(StorageError) in
            if let failure { throw failure }
            guard log.end.term == number else {
                term = log.end.term
                throw StorageError(.diskFull, "no space left for the commit log: the node can't begin its term")
            }
        }
    }

    /// - Returns: the last sequence that may be visible already without those that writes wait for from now on.
    func changeQuorum(_ change: (inout CommitQuorum) -> Void) -> UInt64 {
        lock.lock()
        change(&quorum)
        let bound = committed.position.sequence
        var woken: Woken = []
        if !isCommitting { commitInFlight(&woken) }
        finishRound(&woken)
        return bound
    }

    func setHold(_ next: IntakeHold) {
        lock.lock()
        let wasHeld = hold != .none
        hold = next
        var woken: Woken = []
        if !isCommitting { commitInFlight(&woken) }
        // Parked commands are evaluated anew, by whatever role the node has now.
        if wasHeld, hold == .none { waiters.releaseRoom(&woken) }
        finishRound(&woken)
    }

    func advanceReplicated(to sequence: UInt64) {
        lock.lock()
        guard sequence > quorum.replicatedSequence else { return lock.unlock() }
        quorum.replicatedSequence = sequence
        guard !isCommitting, inFlight.isDurable else { return lock.unlock() }
        var woken: Woken = []
        commitInFlight(&woken)
        finishRound(&woken)
    }

    /// Takes no lock.
    func fence() {
        lease.set(until: 0)
        lease.endTerm()
        readTable.noteChange()
    }

    /// Blocks while a batch is being written.
    func stepDown(because reason: StorageError) {
        lock.lock()
        lease.endTerm()
        while isCommitting { lock.waitForProgress(milliseconds: WritePipeline.commitPause) }
        var woken: Woken = []
        deposeInFlight(because: reason, &woken)
        if !open.isEmpty { discardOpen(because: reason, &woken) }
        lastSequence = log.end.sequence
        term = max(term, log.end.term)
        finishRound(&woken)
    }

    /// A commit's end wakes what waits; this only bounds what a lost wake could cost, in milliseconds.
    private static let commitPause = 1000

    /// Nothing more is taken in. Everything that was is committed, or was told that it is not.
    /// - Returns: the ports that there were; nobody is told anything any more.
    func close() -> [StorePort] {
        lock.withLock {
            isClosing = true
            lease.endTerm()
            lock.signalWork()
            return waiters.removeAllPorts()
        }
    }
}
