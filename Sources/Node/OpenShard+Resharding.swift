import Coordination
import Model
import NIOCore
import Resharding
import Routing
import Server
import Storage
import Synchronization

/// Slots that come and go: one `ReshardingDriver` per term that this node leads.
extension OpenShard {
    /// The driver of the term that is led; nil on a replica.
    var resharding: ReshardingDriver? { reshardings.withLock { $0.current } }

    /// A term is about to begin: what the coordinator says is read meanwhile. Blocks for what a former term left; from
    /// leadership's thread.
    func beginTerm(_ term: UInt64, _ delegate: ReshardingDriver.Delegate) {
        endTerm()
        joinEnded()
        let driver = ReshardingDriver(
            identity: ReshardingMachine.Identity(
                cluster: configuration.cluster.name,
                coordinator: membership.coordinatorID,
                shard: configuration.shard,
                term: term
            ),
            store: store,
            tools: ReshardingDriver.Tools(
                eventLoop: loops.replication,
                clock: .system,
                reads: WorkQueue("shoal-copies"),
                connector: SocketLinkConnector(loops.replication),
                coordinator: MoveCoordinatorCalls(ReshardCoordinator(membership.coordinator))
            ),
            logger: logger,
            delegate: delegate
        )
        reshardings.withLock { $0.current = driver }
    }

    /// The term's first record is committed: slots are served as its driver says. Blocks; from leadership's thread.
    func serveTerm() {
        guard let resharding else { return }
        let isServed = Answer<Void>()
        resharding.begin { isServed.give() }
        // The loop outlives every node.
        isServed.wait()
    }

    /// Leadership has ended. Any thread; returns at once.
    func endTerm() {
        let ended = reshardings.withLock { state -> ReshardingDriver? in
            defer { state.current = nil }
            if let current = state.current { state.ended.append(current) }
            return state.current
        }
        ended?.end()
    }

    /// Waits for the threads of terms that have ended. Blocks.
    func joinEnded() {
        let ended = reshardings.withLock { state in
            defer { state.ended = [] }
            return state.ended
        }
        for driver in ended { driver.join() }
    }
}
