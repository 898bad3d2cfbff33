import Replication
import Server

/// The connections that wait until replicas have what they wrote (WAIT), at most one per connection. Confined to whoever
/// drains the driver's inbox.
struct ReplicaWaits {
    private var waits: [ObjectIdentifier: ReplicaWait] = [:]

    var isEmpty: Bool { waits.isEmpty }

    mutating func begin(_ wait: ReplicaWait, _ machine: borrowing LeadershipMachine) {
        guard let sequences = machine.replicaSequences else { return wait.answer(nil) }
        if !wait.isOver(sequences) { waits[ObjectIdentifier(wait)] = wait }
    }

    /// Answers it with what has been reached. Nothing if it has been answered.
    mutating func end(_ wait: ReplicaWait, _ machine: borrowing LeadershipMachine) {
        guard waits.removeValue(forKey: ObjectIdentifier(wait)) != nil else { return }
        wait.answer(machine.replicaSequences.map { wait.count($0) })
    }

    /// A replica has got further.
    mutating func advance(_ machine: borrowing LeadershipMachine) {
        guard let sequences = machine.replicaSequences else { return }
        waits = waits.filter { !$0.value.isOver(sequences) }
    }

    /// This node does not lead any more.
    mutating func end() {
        for wait in waits.values { wait.answer(nil) }
        waits = [:]
    }
}

extension ReplicaWait {
    /// How many replicas have it.
    fileprivate func count(_ sequences: [UInt64]) -> Int { sequences.prefix { $0 >= sequence }.count }

    /// Answers if enough replicas have it. `sequences` falls, so one comparison tells.
    fileprivate func isOver(_ sequences: [UInt64]) -> Bool {
        guard replicas <= 0 || replicas <= sequences.count && sequences[replicas - 1] >= sequence else { return false }
        answer(count(sequences))
        return true
    }
}

extension LeadershipDriver {
    func begin(_ wait: ReplicaWait) {
        if !ask({ [self] machine, _ in replicaWaits.begin(wait, machine) }) { wait.answer(nil) }
    }

    func end(_ wait: ReplicaWait) {
        // A driver that has ended has answered.
        ask { [self] machine, _ in replicaWaits.end(wait, machine) }
    }
}
