import Coordination
import Model
import NIOCore
import Node
import Resharding
import Server

/// Connections of a simulated process to others.
struct ReshardConnector: LinkConnector, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    unowned let process: ReshardProcess

    func nextLoop() -> any EventLoop { process.loop }

    func connect(to address: NodeAddress, on eventLoop: any EventLoop, _ end: any LinkEnd) {
        let cluster = process.cluster
        process.loop.after(cluster.random.pick(100...2_000)) { [process] in
            guard let source = cluster.process(at: address), cluster.random.chance(0.97) else {
                return end.ended("connection refused")
            }
            let link = ReshardLink(cluster: cluster, target: process, source: source, end)
            cluster.connections.append(link)
            end.opened(link.sides.target)
        }
    }
}

/// The coordinator as a simulated process reaches it.
final class ReshardCalls: MoveCoordinator, @unchecked Sendable {
    // Sendable: as above.
    unowned let process: ReshardProcess
    private var hasEnded = false

    init(_ process: ReshardProcess) { self.process = process }

    func read(_ answer: @escaping @Sendable (Result<CoordinatorSnapshot, CoordinationError>) -> Void) {
        let coordinator = process.cluster.coordinator
        coordinator.call(process, { coordinator.snapshot }) { [weak self] snapshot in
            self?.tell { _ in
                answer(snapshot.map { .success($0) } ?? .failure(CoordinationError(.unavailable, "no answer in time")))
            }
        }
    }

    func propose(
        _ proposal: ReshardProposal,
        known: CoordinatorSnapshot,
        _ answer: @escaping @Sendable (ReshardOutcome) -> Void
    ) {
        let cluster = process.cluster
        cluster.step(proposal.job == nil ? .propose : .ending, at: process)
        if proposal.job == nil { cluster.chaos.proposed(proposal, by: process) }
        cluster.coordinator.call(process, { cluster.coordinator.decide(proposal) }) { [weak self] outcome in
            self?.tell { process in
                if proposal.job == nil { cluster.step(.decided, at: process) }
                answer(outcome ?? .unknown)
            }
        }
    }

    func end() { hasEnded = true }

    private func tell(_ body: @escaping (ReshardProcess) -> Void) {
        process.loop.run { [self] in if !hasEnded { body(process) } }
    }
}
