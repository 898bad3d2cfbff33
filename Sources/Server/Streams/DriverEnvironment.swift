import Replication

/// What drivers touch of the world beside their store and their event loop. A simulation has one of its own.
package struct DriverEnvironment: Sendable {
    package var clock: NodeClock
    package var connector: any PeerConnector
    /// A queue for work that may block, by its thread's name (15 characters at the most). Whoever asks for it closes it.
    package var makeQueue: @Sendable (StaticString) -> any JobQueue
    /// Empty outside of the simulation.
    package var planted: PlantedBugs

    package init(
        clock: NodeClock,
        connector: any PeerConnector,
        makeQueue: @escaping @Sendable (StaticString) -> any JobQueue,
        planted: PlantedBugs = []
    ) {
        self.clock = clock
        self.connector = connector
        self.makeQueue = makeQueue
        self.planted = planted
    }

    /// The machine's clocks, sockets and threads.
    package static let system = DriverEnvironment(
        clock: .system,
        connector: SocketConnector(),
        makeQueue: { WorkQueue($0) }
    )
}
