import Coordination
import Resharding

/// The coordinator as a resharding driver asks it. Calls return at once; answers come on any thread, later, each once, and
/// after a bounded time. After `end` none may come any more.
package protocol MoveCoordinator: AnyObject, Sendable {
    func read(_ answer: @escaping @Sendable (Result<CoordinatorSnapshot, CoordinationError>) -> Void)
    /// One attempt, never repeated.
    /// - Parameter known: what is known of what a conflict doesn't tell.
    func propose(
        _ proposal: ReshardProposal,
        known: CoordinatorSnapshot,
        _ answer: @escaping @Sendable (ReshardOutcome) -> Void
    )
    /// Gives up what is under way.
    func end()
}

/// Calls to the real one, on coordination's own loop.
final class MoveCoordinatorCalls: MoveCoordinator {
    private let coordinator: ReshardCoordinator
    private let calls = CoordinatorCalls()

    init(_ coordinator: ReshardCoordinator) { self.coordinator = coordinator }

    func read(_ answer: @escaping @Sendable (Result<CoordinatorSnapshot, CoordinationError>) -> Void) {
        calls.begin { [coordinator] in
            do throws(CoordinationError) {
                answer(.success(try await coordinator.snapshot()))
            } catch {
                answer(.failure(error))
            }
        }
    }

    func propose(
        _ proposal: ReshardProposal,
        known: CoordinatorSnapshot,
        _ answer: @escaping @Sendable (ReshardOutcome) -> Void
    ) {
        calls.begin { [coordinator] in answer(await coordinator.propose(proposal, known: known)) }
    }

    func end() { calls.end() }
}
