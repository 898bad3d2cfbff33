import Coordination
import Model
import Node
import Replication
import Routing

/// A simulated process's calls to the coordinator: lost on the way there, on the way back, or answered.
final class SimulatedCalls: LeadershipCoordinator, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    private unowned let process: SimulatedProcess
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
        call({ coordinator.read(shard) }) { answer($0.map { .success($0) } ?? .failure(Self.noAnswer)) }
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

    /// nil after the time-out.
    func call<T>(_ request: @escaping () -> T, _ answer: @escaping (T?) -> Void) {
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

/// A simulated process's attempts to join its cluster.
struct SimulatedJoin: JoinCoordinator {
    private let process: SimulatedProcess
    private let calls: SimulatedCalls

    init(process: SimulatedProcess) {
        self.process = process
        calls = SimulatedCalls(process: process)
    }

    func join(
        as identity: ClusterIdentity,
        firstMap: SlotMap,
        known: String,
        _ answer: @escaping CoordinatorAnswer<JoinedCluster>
    ) {
        let coordinator = process.cluster.coordinator
        calls.call({ coordinator.join(as: identity, firstMap: firstMap, known: known) }) { outcome in
            // A node that knows its coordinator only reads.
            let code: CoordinationError.Code = known.isEmpty ? .unknownOutcome : .unavailable
            answer(outcome ?? .failure(CoordinationError(code, "no answer")))
        }
    }

    func end() { calls.end() }
}

/// A simulated process's way to a watch.
struct SimulatedFollowing: ViewCoordinator {
    let process: SimulatedProcess

    func follow() -> any ViewWatch { process.cluster.coordinator.watch(by: process) }
}
