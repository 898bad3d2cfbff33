import Synchronization

/// A leader's side of leadership: terms, leases, and commits that wait for replicas. The node's leadership decides; the
/// store does as told and checks lease and quorum whenever it matters.
extension ShardStore {
    /// Begins a term alone: everything in the log counts, since nobody else is in the in-sync set. Serves at return.
    package func becomeLeader() throws(StorageError) {
        setLease(until: .max)
        setHold(.none)
        try beginTerm(lock.withLock { term } + 1) { $0 = CommitQuorum() }
        try lock.withLock { () throws(StorageError) in
            guard isLeader else {
                throw failure ?? StorageError(.notLeader, "the node's lease ran out before its term had begun")
            }
        }
    }

    /// Appends the record that starts a term and makes it durable here. The whole log is kept; it is committed, and the
    /// store serves, once the quorum has it. Nothing else may be using the store as a replica any more. Blocks.
    /// - Parameter change: what commits wait for in that term.
    package func beginTerm(_ number: UInt64, _ change: (inout CommitQuorum) -> Void) throws(StorageError) {
        lock.lock()
        guard number > term, !isLeader, inFlight == nil, failure == nil, !isInstalling else {
            let reason = failure ?? StorageError(.notLeader, "term \(number) can't begin: the log is in term \(term)")
            lock.unlock()
            throw reason
        }
        term = number
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

    /// Changes what commits wait for; what is in flight may be committed by it.
    /// - Returns: the last sequence that may be visible already without those that writes wait for from now on.
    @discardableResult
    package func changeQuorum(_ change: (inout CommitQuorum) -> Void) -> UInt64 {
        lock.lock()
        change(&quorum)
        let bound = commitPosition.sequence
        var signals: [(StorePort, StoreSignal)] = []
        if !isCommitting { commitInFlight(&signals) }
        finishRound(&signals)
        return bound
    }

    /// From the return on, commands wait as this says, until it says otherwise.
    package func setHold(_ next: IntakeHold) {
        lock.lock()
        let wasHeld = hold != .none
        hold = next
        var signals: [(StorePort, StoreSignal)] = []
        if !isCommitting { commitInFlight(&signals) }
        if wasHeld, hold == .none { releaseParked(&signals) }
        finishRound(&signals)
    }

    /// Every member that writes wait for has the log up to `sequence` on its disk.
    package func advanceReplicated(to sequence: UInt64) {
        lock.lock()
        guard sequence > quorum.replicatedSequence else { return lock.unlock() }
        quorum.replicatedSequence = sequence
        guard !isCommitting, inFlightIsDurable else { return lock.unlock() }
        var signals: [(StorePort, StoreSignal)] = []
        commitInFlight(&signals)
        finishRound(&signals)
    }

    /// Takes effect at once and without a lock, unlike `stepDown`, which follows: nothing is served as the leader from here on.
    package func fence() {
        lease.set(until: 0)
        isLeader = false
        readTable.noteChange()
    }

    /// Why the store takes no more writes until it is opened again; nil when it does.
    package var failed: StorageError? { progress.withLock { $0.failure } }

    /// Stops leading: queued writes are told that they were not done, of the batch in flight nobody can tell. What is
    /// in the log stays, uncommitted. Blocks while a batch is being written.
    package func stepDown(because reason: StorageError) {
        lock.lock()
        isLeader = false
        while isCommitting { lock.waitForProgress(milliseconds: 1000) }
        var signals: [(StorePort, StoreSignal)] = []
        deposeInFlight(because: reason, &signals)
        if !open.isEmpty { discardOpen(because: reason, signals: &signals) }
        lastSequence = log.end.sequence
        term = max(term, log.end.term)
        finishRound(&signals)
    }

    /// Whether reads have to wait as well: another may lead already. If so, the port is told when to ask again. Lock held.
    @inline(__always)
    package func holdsReads(_ port: StorePort) -> Bool {
        guard hold == .all else { return false }
        port.waitsForRoom = true
        return true
    }

    /// Whether commands are served as by the leader, or parked until it is known who that is. Any thread.
    @inline(__always) package var leadsOrHolds: Bool { leadsNow || readTable.isHeld }

    /// The last record of the batch that is being written or waits for replicas; nil when there is none.
    package var inFlightEnd: Position? { progress.withLock { $0.inFlightEnd } }

    /// Serves nothing, and publishes nothing, from this moment of the boot-time clock on (nanoseconds). Takes no lock.
    package func setLease(until nanoseconds: UInt64) { lease.set(until: nanoseconds) }

    /// Parked commands are evaluated anew, by whatever role the node has now.
    private func releaseParked(_ signals: inout [(StorePort, StoreSignal)]) {
        for port in ports where port.waitsForRoom {
            port.waitsForRoom = false
            signals.append((port, .room))
        }
    }

    /// Whether nothing is queued or in flight: after a hold, all that was let in has been committed.
    package var isDrained: Bool { lock.withLock { open.isEmpty && inFlight == nil && !isCommitting } }
}
