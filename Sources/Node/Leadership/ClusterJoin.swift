import Coordination
import Model
import NIOCore
import Replication
import Routing

/// Joins a node's cluster at its coordinator, or begins it there: asks, at a pace, until the coordinator answers.
package final class ClusterJoin: @unchecked Sendable {
    // Sendable: `state` is confined to `eventLoop`.
    private enum State {
        case idle
        /// The number of the attempt that is under way.
        case asking(Int)
        case pausing(Scheduled<Void>)
        case over
    }

    /// The coordinator's answer.
    package typealias Outcome = Result<JoinedCluster, CoordinationError>

    private let coordinator: any JoinCoordinator
    private let identity: ClusterIdentity
    private let firstMap: SlotMap
    private let known: String
    private let eventLoop: any EventLoop
    private let planted: PlantedBugs
    private let onWait: @Sendable (String) -> Void
    private let onEnd: @Sendable (Outcome) -> Void
    private var state = State.idle
    private var attempts = 0

    /// A coordinator that does not answer is asked again after this, until it does.
    package static let retryPause = TimeAmount.milliseconds(500)

    /// - Parameters:
    ///   - identity: of the cluster, if there is none yet and this node begins it. The same in all attempts, so that a
    ///     later one recognises what became of an earlier one.
    ///   - firstMap: what the cluster would begin with.
    ///   - known: the coordinator that the node's folder belongs to; empty if it belongs to none yet.
    ///   - eventLoop: where the closures are called.
    ///   - onWait: why it has to wait, in words; after each attempt that was not answered.
    ///   - onEnd: called once: with the cluster, why it is refused, or `.closed` after `stop`.
    package init(
        coordinator: any JoinCoordinator,
        as identity: ClusterIdentity,
        firstMap: SlotMap,
        known: String,
        eventLoop: any EventLoop,
        planted: PlantedBugs = [],
        onWait: @escaping @Sendable (String) -> Void,
        onEnd: @escaping @Sendable (Outcome) -> Void
    ) {
        self.coordinator = coordinator
        self.identity = identity
        self.firstMap = firstMap
        self.known = known
        self.eventLoop = eventLoop
        self.planted = planted
        self.onWait = onWait
        self.onEnd = onEnd
    }

    /// Asks for the first time. Once.
    package func begin() {
        onLoop { join in
            if case .idle = join.state { join.ask() }
        }
    }

    /// Ends it at once, unless it has ended. Any thread.
    package func stop() {
        onLoop { join in
            if join.planted.contains(.joinSleepsThroughStop), case .pausing = join.state { return }
            join.end(.failure(CoordinationError(.closed, "stopped while it waited for the coordinator")))
        }
    }

    private func onLoop(_ body: @escaping @Sendable (ClusterJoin) -> Void) {
        if eventLoop.inEventLoop { body(self) } else { eventLoop.execute { body(self) } }
    }

    private func ask() {
        attempts += 1
        let number = attempts
        state = .asking(number)
        coordinator.join(as: identity, firstMap: firstMap, known: known) { [weak self] outcome in
            self?.onLoop { $0.take(outcome, of: number) }
        }
    }

    private func take(_ outcome: Outcome, of number: Int) {
        guard case .asking(number) = state else { return }
        switch outcome {
        case .failure(let error) where error.code == .unknownOutcome && planted.contains(.unknownBeginningIsTaken):
            end(.success(JoinedCluster(identity: identity, map: firstMap, mapRevision: 1, records: [:])))
        case .failure(let error) where error.code == .unavailable || error.code == .unknownOutcome:
            pause()
            onWait("waiting for the coordinator: \(error.message)")
        case .success, .failure: end(outcome)
        }
    }

    /// Nothing is taken for done here: whoever began the cluster, the next attempt reads it.
    private func pause() {
        state = .pausing(
            eventLoop.scheduleTask(in: ClusterJoin.retryPause) { [weak self] in
                guard let self, case .pausing = state else { return }
                ask()
            }
        )
    }

    private func end(_ outcome: Outcome) {
        switch state {
        case .over: return
        case .pausing(let next): next.cancel()
        case .idle, .asking: break
        }
        state = .over
        coordinator.end()
        onEnd(outcome)
    }
}
