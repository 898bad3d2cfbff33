import Replication
import Server

/// The connections that wait until replicas have what they wrote (WAIT), at most one wait per connection. Confined to
/// whoever drains the driver's inbox.
struct ReplicaWaits {
    private var waits: [ObjectIdentifier: ReplicaWait] = [:]

    var isEmpty: Bool { waits.isEmpty }

    mutating func begin(_ wait: ReplicaWait, _ progress: ReplicaProgress?) {
        guard let progress else { return wait.answer(nil) }
        if !wait.isOver(progress) { waits[ObjectIdentifier(wait)] = wait }
    }

    /// Answers it with what has been reached. Nothing if it has been answered.
    mutating func end(_ wait: ReplicaWait, _ progress: ReplicaProgress?) {
        guard waits.removeValue(forKey: ObjectIdentifier(wait)) != nil else { return }
        wait.answer(progress?.count(having: wait.sequence))
    }

    /// A replica has got further.
    mutating func advance(_ progress: ReplicaProgress?) {
        guard let progress else { return }
        waits = waits.filter { !$0.value.isOver(progress) }
    }

    /// This node does not lead any more.
    mutating func end() {
        for wait in waits.values { wait.answer(nil) }
        waits = [:]
    }
}

extension ReplicaWait {
    /// Answers if enough replicas have it.
    fileprivate func isOver(_ progress: ReplicaProgress) -> Bool {
        guard progress.has(replicas, sequence) else { return false }
        answer(progress.count(having: sequence))
        return true
    }
}

extension LeadershipDriver {
    package func begin(_ wait: ReplicaWait) {
        if !ask({ [self] machine, _ in replicaWaits.begin(wait, machine.replicaProgress) }) { wait.answer(nil) }
    }

    package func end(_ wait: ReplicaWait) {
        // A driver that has ended has answered.
        ask { [self] machine, _ in replicaWaits.end(wait, machine.replicaProgress) }
    }
}
