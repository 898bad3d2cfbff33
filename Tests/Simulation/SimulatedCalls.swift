import Coordination
import Node
import Replication

/// A simulated process's calls to the coordinator: lost on the way there, on the way back, or answered.
final class SimulatedCalls: LeadershipCoordinator, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    private unowned let process: SimulatedProcess
    private var lastSeenNotices: UInt64 = 0
    private var hasEnded = false
    /// The newest that was granted.
    private(set) var session: String?

    private static let noAnswer = CoordinationError(.unavailable, "no answer")
    private static let sessionIsOver = CoordinationError(.sessionEnded, "the session has ended")

    init(process: SimulatedProcess) { self.process = process }

    private var coordinator: SimulatedCoordinator { process.cluster.coordinator }

    func openSession(holder: Member, ttl: UInt64, _ answer: @escaping CoordinatorAnswer<SessionLease>) {
        let (coordinator, sentAt) = (coordinator, process.clock)
        call({ coordinator.openSession() }) { [self] id in
            session = id ?? session
            answer(id.map { .success(SessionLease(id: $0, sentAt: sentAt, ttl: ttl)) } ?? .failure(Self.noAnswer))
        }
    }

    func renewSession(_ id: String, _ answer: @escaping CoordinatorAnswer<SessionLease>) {
        let (coordinator, sentAt) = (coordinator, process.clock)
        call({ coordinator.renew(id) }) { isKnown in
            switch isKnown {
            case nil: answer(.failure(Self.noAnswer))
            case true?: answer(.success(SessionLease(id: id, sentAt: sentAt, ttl: Cluster.leaseMilliseconds)))
            case false?: answer(.failure(Self.sessionIsOver))
            }
        }
    }

    func endSession(_ id: String, _ answer: @escaping CoordinatorAnswer<Void>) {
        let coordinator = coordinator
        call({ coordinator.end(id) }) { (done: Void?) in answer(done == nil ? .failure(Self.noAnswer) : .success(())) }
    }

    func propose(_ proposal: ShardProposal, _ answer: @escaping CoordinatorAnswer<ProposalOutcome>) {
        let (coordinator, shard) = (coordinator, process.node.shard)
        call({ coordinator.propose(proposal, shard: shard) }) { answer(.success($0 ?? .unknown)) }
    }

    func read(_ shard: String, _ answer: @escaping CoordinatorAnswer<(SeenRecord, [MemberNotice])>) {
        let (coordinator, shard) = (coordinator, process.node.shard)
        call({ coordinator.view(shard) }) { view in
            answer(view.map { .success(($0.record, $0.notices)) } ?? .failure(Self.noAnswer))
        }
    }

    func publish(_ notice: MemberNotice, _ answer: @escaping CoordinatorAnswer<Void>) {
        let coordinator = coordinator
        call({ coordinator.publish(notice) }) { isKnown in
            switch isKnown {
            case nil: answer(.failure(Self.noAnswer))
            case true?: answer(.success(()))
            case false?: answer(.failure(Self.sessionIsOver))
            }
        }
    }

    func end() { hasEnded = true }

    /// What the watch tells, as `ClusterView` hands it on.
    func see(_ view: SimulatedCoordinator.View) {
        guard !hasEnded else { return }
        process.driver.tell(.recordSeen(view.record))
        guard view.version > lastSeenNotices else { return }
        lastSeenNotices = view.version
        process.driver.tell(.noticesSeen(view.notices))
    }

    /// nil after the time-out.
    private func call<T>(_ request: @escaping () -> T, _ answer: @escaping (T?) -> Void) {
        var isDone = false
        func finish(_ value: T?) {
            guard !isDone else { return }
            isDone = true
            if !hasEnded { answer(value) }
        }
        let process = process
        coordinator.exchange(with: process.node.index, request) { value in process.run { _ in finish(value) } }
        process.after(Cluster.coordinatorPatience) { finish(nil) }
    }
}
