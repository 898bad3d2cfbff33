import Coordination
import Model
import Replication
import Server

/// Takes what a call to the coordinator has come to.
package typealias CoordinatorAnswer<Value> = @Sendable (Result<Value, CoordinationError>) -> Void

/// What leadership asks of the coordinator. Every call returns at once and is answered once, from any thread, within a time-out;
/// after `end` perhaps not at all.
package protocol LeadershipCoordinator: AnyObject, Sendable {
    func openSession(holder: Member, ttl: UInt64, _ answer: @escaping CoordinatorAnswer<SessionLease>)
    func renewSession(_ id: String, _ answer: @escaping CoordinatorAnswer<SessionLease>)
    func endSession(_ id: String, _ answer: @escaping CoordinatorAnswer<Void>)
    func propose(_ proposal: ShardProposal, _ answer: @escaping CoordinatorAnswer<ProposalOutcome>)
    /// A shard's record and its members' notices, as they are now.
    func read(_ shard: String, _ answer: @escaping CoordinatorAnswer<(SeenRecord, [MemberNotice])>)
    func publish(_ notice: MemberNotice, _ answer: @escaping CoordinatorAnswer<Void>)
    /// Gives up what is under way.
    func end()
}

/// Over the cluster's coordinator: each call is a task of its own on coordination's loop, so that a slow one holds up no other.
final class CoordinatorTasks: LeadershipCoordinator {
    private let coordinator: ClusterCoordinator
    /// The one that the node's folder belongs to.
    private let id: String
    /// Hears whether it is still that one.
    private let view: ClusterView
    private let calls = CoordinatorCalls()

    init(_ coordinator: ClusterCoordinator, id: String, view: ClusterView) {
        self.coordinator = coordinator
        self.id = id
        self.view = view
    }

    func openSession(holder: Member, ttl: UInt64, _ answer: @escaping CoordinatorAnswer<SessionLease>) {
        let id = id
        let judged: CoordinatorAnswer<SessionLease> = { [view] result in
            switch result {
            case .success: view.judge(nil)
            case .failure(let error): if [.wrongCoordinator, .wentBack].contains(error.code) { view.judge(error) }
            }
            answer(result)
        }
        ask(judged) { [view] coordinator throws(CoordinationError) in
            // Attempts raise its revision, which soon would be high enough.
            if let foreign = view.foreignCoordinator, foreign.code == .wentBack { throw foreign }
            return try await coordinator.sessions.open(holder: holder, ttl: ttl, coordinator: id, seen: view.revision)
        }
    }

    func renewSession(_ id: String, _ answer: @escaping CoordinatorAnswer<SessionLease>) {
        ask(answer) { coordinator throws(CoordinationError) in try await coordinator.sessions.renew(id) }
    }

    func endSession(_ id: String, _ answer: @escaping CoordinatorAnswer<Void>) {
        ask(answer) { coordinator throws(CoordinationError) in try await coordinator.sessions.end(id) }
    }

    func propose(_ proposal: ShardProposal, _ answer: @escaping CoordinatorAnswer<ProposalOutcome>) {
        ask(answer) { coordinator throws(CoordinationError) in try await coordinator.propose(proposal).outcome }
    }

    func read(_ shard: String, _ answer: @escaping CoordinatorAnswer<(SeenRecord, [MemberNotice])>) {
        ask(answer) { coordinator throws(CoordinationError) in
            let record = try await coordinator.shard(shard)
            return (record, try await coordinator.sessions.notices(of: shard))
        }
    }

    func publish(_ notice: MemberNotice, _ answer: @escaping CoordinatorAnswer<Void>) {
        ask(answer) { coordinator throws(CoordinationError) in try await coordinator.sessions.publish(notice) }
    }

    func end() { calls.end() }

    private func ask<Value: Sendable>(
        _ answer: @escaping CoordinatorAnswer<Value>,
        _ question: @escaping @Sendable (ClusterCoordinator) async throws(CoordinationError) -> Value
    ) {
        calls.begin { [coordinator] in
            do throws(CoordinationError) {
                answer(.success(try await question(coordinator)))
            } catch {
                answer(.failure(error))
            }
        }
    }
}
