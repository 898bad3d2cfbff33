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
        work.add { [self] in
            delegate.unfollow()
            begin(term, waits: waits)
        }
    }

    private func begin(_ term: UInt64, waits: Bool) {
        guard ledTerm.withLock({ $0 }) == term else { return }
        delegate.termBegins(term)
        do throws(StorageError) {
            try store.beginTerm(term) { quorum in
                quorum.waitsForReplicas = waits
                quorum.replicatedSequence = 0
            }
            handle(.termBegun(Position(term: term, sequence: store.log.syncedEnd.sequence)))
        } catch {
            logger.error("the term can't begin", metadata: ["term": "\(term)", "reason": "\(error.message)"])
            handle(error.code == .diskFull ? .termNotBegun(reason: error.message) : .storeFailed(reason: error.message))
        }
    }

    /// Holding takes effect at once; what lets commands go on waits until every event loop knows the node's role.
    func set(_ new: LeadershipMachine.Intake) {
        intake = new
        switch new {
        case .held, .heldWithReads: applyIntake()
        case .open, .closed: break
        }
        work.add { [self] in
            let leads = new.leads
            delegate.serve(leads, new.successor)
            ask { [self] _, _ in
                // Another word came meanwhile, and with it another job.
                if intake == new { applyIntake() }
            }
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
        work.add { [self] in store.stepDown(because: StorageError(.notLeader, reason)) }
        set(.closed(leader: leader))
    }
}

extension LeadershipMachine.Intake {
    /// Whether the node serves as the leader, or holds commands until it is known whether it does.
    var leads: Bool { if case .closed = self { false } else { true } }

    /// Who leads instead.
    var successor: Member? { if case .closed(let leader) = self { leader } else { nil } }
}
