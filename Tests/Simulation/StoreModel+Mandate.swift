import Replication
import Storage

/// What leadership tells the store.
extension StoreModel {
    func beginTerm(_ number: UInt64, waits: Bool) {
        term = number
        self.waits = waits
        replicated = 0
        open = [Queued(record: SimulatedRecord(term: 0, key: nil, value: []), answer: { _ in }, refuse: { _ in })]
        openValues = [:]
        commit()
    }

    func setLease(_ until: UInt64) { leaseEnd = until }

    func setCommit(_ sequence: UInt64) {
        guard sequence > replicated else { return }
        replicated = sequence
        commitInFlight()
    }

    func setWaiting(_ isWaiting: Bool) {
        waits = isWaiting
        if isWaiting {
            process.soon { $0.lead(.waiting(from: $0.store.commitPosition.sequence)) }
        } else {
            commitInFlight()
        }
    }

    func setIntake(_ new: LeadershipMachine.Intake) {
        intake = new
        mustSayDrained = new == .held
        sayDrained()
        guard new != .held, new != .heldWithReads else { return }
        let waiting = held
        held = []
        for command in waiting { submit(command) }
    }

    func sayDrained() {
        guard mustSayDrained, open.isEmpty, inFlight == nil, !isCommitting else { return }
        mustSayDrained = false
        process.soon { $0.lead(.drained) }
    }

    func stepDown(_ leader: Member?) {
        isLeader = false
        leaseEnd = 0
        depose()
        discardOpen(.redirect(leader?.address))
        setIntake(.closed(leader: leader))
    }

    /// A snapshot replaced everything.
    func install(_ engine: SimulatedDisk.Engine) {
        visible = engine.values
        commitPosition = engine.position
    }
}
