import NIOCore
import Resharding
import Server

/// What a driver is given.
extension ReshardingDriver {
    package struct Delegate: Sendable {
        /// Something people should know.
        var note: @Sendable (String) -> Void
        /// The 99th percentile of this node's commits in microseconds, and how many there were, since it was asked
        /// before.
        var latency: @Sendable () -> (p99: UInt64, commits: Int)
        /// The coordinator, as its watch told last.
        var known: @Sendable () -> CoordinatorSnapshot

        package init(
            note: @escaping @Sendable (String) -> Void,
            latency: @escaping @Sendable () -> (p99: UInt64, commits: Int),
            known: @escaping @Sendable () -> CoordinatorSnapshot
        ) {
            self.note = note
            self.latency = latency
            self.known = known
        }
    }

    /// What a driver works with: threads, sockets and a coordinator, or what a simulation has for them.
    package struct Tools: Sendable {
        /// One that neither syncs nor reads engines. It outlives the driver.
        package var eventLoop: any EventLoop
        package var clock: NodeClock
        /// Reads for targets.
        package var reads: any JobQueue
        /// To sources.
        package var connector: any LinkConnector
        package var coordinator: any MoveCoordinator
        package var steps: SourceReading.Steps

        package init(
            eventLoop: any EventLoop,
            clock: NodeClock,
            reads: any JobQueue,
            connector: any LinkConnector,
            coordinator: any MoveCoordinator,
            steps: SourceReading.Steps = SourceReading.Steps()
        ) {
            self.eventLoop = eventLoop
            self.clock = clock
            self.reads = reads
            self.connector = connector
            self.coordinator = coordinator
            self.steps = steps
        }
    }
}
