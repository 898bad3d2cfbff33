/// A leader's side of leadership: terms, leases, and commits that wait for replicas. The node's leadership decides; the
/// store does as told and checks the mandate whenever it matters.
extension ShardStore {
    /// Begins a term alone: everything in the log counts, since nobody else is in the in-sync set. Serves at return.
    package func becomeLeader() throws(StorageError) {
        try beginTerm(lock.withLock { term } + 1) { $0 = Mandate() }
        try lock.withLock { () throws(StorageError) in
            guard isLeader else {
                throw failure ?? StorageError(.notLeader, "the node's lease ran out before its term had begun")
            }
        }
    }

    /// Appends the record that starts a term and makes it durable here. The whole log is kept; it is committed, and the
    /// store serves, once the mandate allows it. Nothing else may be using the store as a replica any more. Blocks.
    /// - Parameter change: what the mandate is to be in that term.
    package func beginTerm(_ number: UInt64, _ change: (inout Mandate) -> Void) throws(StorageError) {
        lock.lock()
        guard number > term, !isLeader, inFlight == nil, failure == nil, !isInstalling else {
            let reason = failure ?? StorageError(.notLeader, "term \(number) can't begin: the log is in term \(term)")
            lock.unlock()
            throw reason
        }
        term = number
        change(&mandate)
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

    /// Changes what the leader is allowed; what is in flight may be committed by it.
    /// - Returns: the last sequence that may be visible already without those that writes wait for from now on.
    @discardableResult
    package func changeMandate(_ change: (inout Mandate) -> Void) -> UInt64 {
        lock.lock()
        let wasHeld = mandate.isHeld
        change(&mandate)
        let bound = commitPosition.sequence
        var signals: [(StorePort, StoreSignal)] = []
        if !isCommitting { commitInFlight(&signals) }
        if wasHeld, !mandate.isHeld { releaseDoor(&signals) }
        finishRound(&signals)
        return bound
    }

    /// Every member that writes wait for has the log up to `sequence` on its disk.
    package func advanceReplicated(to sequence: UInt64) {
        lock.lock()
        guard sequence > mandate.replicatedSequence else { return lock.unlock() }
        mandate.replicatedSequence = sequence
        guard !isCommitting, inFlightIsDurable else { return lock.unlock() }
        var signals: [(StorePort, StoreSignal)] = []
        commitInFlight(&signals)
        finishRound(&signals)
    }

    /// Takes effect at once, unlike `stepDown`, which follows: nothing is served or published as the leader from here on.
    package func fence() {
        lock.withLock {
            isLeader = false
            mandate.leaseEnd = 0
        }
    }

    /// Why the store takes no more writes until it is opened again; nil when it does.
    package var failed: StorageError? { lock.withLock { failure } }

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
        guard mandate.holdsReads else { return false }
        port.waitsForRoom = true
        return true
    }

    /// Whether commands are served as by the leader, or wait at the door for what comes. Lock held.
    @inline(__always) package var leadsOrHolds: Bool { leadsNow || mandate.holdsReads }

    /// The last record of the batch that is being written or waits for replicas; nil when there is none.
    package var inFlightEnd: Position? { lock.withLock { inFlight?.end } }

    /// Serves nothing, and publishes nothing, from this moment of the boot-time clock on (nanoseconds).
    package func setLease(until nanoseconds: UInt64) { lock.withLock { mandate.leaseEnd = nanoseconds } }

    /// The commands that wait at the door are evaluated anew, by whatever role the node has now.
    private func releaseDoor(_ signals: inout [(StorePort, StoreSignal)]) {
        for port in ports where port.waitsForRoom {
            port.waitsForRoom = false
            signals.append((port, .room))
        }
    }

    /// Whether nothing is queued or in flight: after a hold, all that was let in has been committed.
    package var isDrained: Bool { lock.withLock { open.isEmpty && inFlight == nil && !isCommitting } }
}
