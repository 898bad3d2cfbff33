import Model
import Node
import Replication
import Storage

/// A leader's side, as leadership sees it.
extension StoreModel: LeadershipStore {
    private var node: SimulatedNode { process.node }

    var syncedEnd: Position { node.disk.isIncomplete ? .zero : node.durableEnd }
    var inFlightEnd: Position? { inFlight?.end }
    var failed: StorageError? { nil }
    var isDrained: Bool { open.isEmpty && inFlight == nil && !isCommitting }
    var contentsBlocker: String? { node.disk.isIncomplete ? "it takes a snapshot" : nil }

    func beginTerm(
        _ number: UInt64,
        waits: Bool,
        then done: @escaping @Sendable (Result<Position, StorageError>) -> Void
    ) {
        guard number > node.disk.terms.end.term, !isLeader, inFlight == nil, !isCommitting, !node.disk.isIncomplete
        else {
            return done(.failure(StorageError(.notLeader, "term \(number) can't begin after \(node.disk.terms.end)")))
        }
        term = number
        isBeginning = true
        quorum.waitsForReplicas = waits
        quorum.replicatedSequence = 0
        termBegun = done
        open = [Queued(record: SimulatedRecord(term: 0, key: nil, value: []), answer: { _ in }, refuse: { _ in })]
        openValues = [:]
        commit()
    }

    /// Its record was not written: the disk is full, or the lease has run out.
    func failTerm() {
        guard let done = termBegun, inFlight == nil else { return }
        termBegun = nil
        done(.failure(StorageError(.diskFull, "no space left for the commit log")))
    }

    func fence() {
        leaseEnd = 0
        (isLeader, isBeginning) = (false, false)
    }

    func stepDown(because reason: StorageError, then done: @escaping @Sendable () -> Void) {
        (isLeader, isBeginning) = (false, false)
        steppedDown = done
        finishStepDown()
    }

    /// A batch that is being written is waited for.
    func finishStepDown() {
        guard let done = steppedDown, !isCommitting else { return }
        steppedDown = nil
        depose()
        discardOpen(.redirect(role.leader?.address))
        notifyObservers()
        done()
    }

    func setHold(_ hold: IntakeHold) {
        let wasHeld = self.hold != .none
        // A hand-over may follow on one that failed without a moment in between.
        if hold != .none { heldSince = process.cluster.now }
        self.hold = hold
        if !isCommitting { commitInFlight() }
        if wasHeld, hold == .none { releaseHeld() }
        notifyObservers()
    }

    func changeQuorum(_ change: (inout CommitQuorum) -> Void) -> UInt64 {
        change(&quorum)
        let bound = commitPosition.sequence
        if !isCommitting { commitInFlight() }
        notifyObservers()
        return bound
    }

    func advanceReplicated(to sequence: UInt64) {
        guard sequence > quorum.replicatedSequence else { return }
        quorum.replicatedSequence = sequence
        if !isCommitting { commitInFlight() }
    }

    func setLease(until nanoseconds: UInt64) {
        leaseEnd = nanoseconds == .max ? .max : nanoseconds / 1_000_000
        checkLease()
    }

    /// A lease ends here before the session can have ended at the coordinator, whatever the clocks do.
    private func checkLease() {
        let left = leaseEnd > process.clock ? leaseEnd - process.clock : 0
        let end = process.cluster.now + UInt64(Double(left) * 1_000 / node.clockRate)
        let sessionEnd =
            process.calls.session.flatMap { process.cluster.coordinator.end(of: $0) } ?? process.cluster.now
        // Clocks are read in milliseconds.
        guard left > 0, end > sessionEnd + 2_000 else { return }
        process.truth.fail("\(process.name) has a lease that ends \((end - sessionEnd) / 1_000) ms after its session")
    }

    // MARK: The node

    /// The node's role, as every event loop knows it from now on.
    func serve(_ leads: Bool, _ leader: Member?) {
        role = (leads, leader)
        releaseHeld()
    }

    /// A snapshot replaced everything.
    func install(_ engine: SimulatedDisk.Engine) {
        visible = engine.values
        commitPosition = engine.position
    }
}
