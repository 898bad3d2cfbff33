import Logging
import NIOCore
import Replication
import Server
import Storage
import Synchronization

/// What leadership does to the store. Called while draining; jobs come back with an event.
extension LeadershipDriver {
    func beginTerm(_ term: UInt64, waits: Bool) {
        ledTerm.withLock { $0 = term }
        work.add { [self] done in
            delegate.unfollow { [self] in begin(term, waits: waits, done) }
        }
    }

    private func begin(_ term: UInt64, waits: Bool, _ done: @escaping @Sendable () -> Void) {
        guard ledTerm.withLock({ $0 }) == term else { return done() }
        delegate.termBegins(term)
        store.beginTerm(term, waits: waits) { [self] result in
            switch result {
            case .success(let position): handle(.termBegun(position))
            case .failure(let error):
                logger.error("the term can't begin", metadata: ["term": "\(term)", "reason": "\(error.message)"])
                let reason = error.message
                handle(error.code == .diskFull ? .termNotBegun(reason: reason) : .storeFailed(reason: reason))
            }
            done()
        }
    }

    /// Holding takes effect at once; what lets commands go on waits until every event loop knows the node's role.
    func set(_ new: LeadershipMachine.Intake) {
        if new == .open {
            // A term opens once, but for hand-overs that failed.
            if hasOpened, environment.planted.contains(.holdOutlivesHandOver) { return }
            hasOpened = true
        }
        intake = new
        switch new {
        case .held, .heldWithReads: applyIntake()
        case .open, .closed: break
        }
        work.add { [self] done in
            delegate.serve(new.isLeader, new.successor)
            ask { [self] _, _ in
                // Another word came meanwhile, and with it another job.
                if intake == new { applyIntake() }
            }
            done()
        }
    }

    private func applyIntake() {
        switch intake {
        case .held: store.setHold(.writes)
        case .heldWithReads: store.setHold(.all)
        case .open, .closed: store.setHold(.none)
        }
    }

    func stepDown(_ reason: String, _ leader: Member?) {
        ledTerm.withLock { $0 = nil }
        store.fence()
        delegate.termEnded()
        replicaWaits.end()
        intake = .closed(leader: leader)
        hasOpened = false
        work.add { [self] done in store.stepDown(because: StorageError(.notLeader, reason), then: done) }
        set(.closed(leader: leader))
    }
}

extension LeadershipMachine.Intake {
    /// Whether the node serves as the leader, or holds commands until it is known whether it does.
    var isLeader: Bool { if case .closed = self { false } else { true } }

    /// Who leads instead.
    var successor: Member? { if case .closed(let leader) = self { leader } else { nil } }
}
