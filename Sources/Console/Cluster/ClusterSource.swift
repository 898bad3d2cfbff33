import Server

/// Where the console gets its cluster from, and where its requests go. No call but `shutdown` may block: the console
/// runs on one thread and must stay smooth whatever a node does.
package protocol ClusterSource: AnyObject, Sendable {
    /// The newest status, or nil before the first. Never blocks; older ones are simply skipped.
    func latest() -> ClusterSnapshot?

    /// The newest slots and when they were put together, in the snapshots' milliseconds; nil before the first, and while
    /// nobody wanted them. Never blocks.
    func latestSlots() -> (slots: ClusterSlots, milliseconds: Int)?

    /// Begins or ends to ask the shards' leaders for their slots.
    func watchSlots(_ isWanted: Bool)

    /// Asks this node, and no other, for its details; nil: none.
    func watchNode(_ address: String?)

    /// The newest details of the node that is asked; nil before the first. Never blocks.
    func latestDetails() -> NodeDetails?

    /// The way to keys and values.
    var keysPort: any KeysPort { get }

    /// What nodes in this process logged since the last call, oldest first. Never blocks.
    func drainLogs() -> [LogLine]

    /// Writes a line of the audit to the log.
    func audit(_ line: String)

    /// The way to resharding; nil where there is none: then the console has no wizard.
    var reshardPort: (any ReshardPort)? { get }

    /// Events since the last call, oldest first.
    func drainEvents() -> [ClusterEvent]

    /// Begins to start the nodes at these addresses; the outcome arrives as snapshots and events.
    func start(_ addresses: [String])

    /// Begins to stop the nodes at these addresses; the outcome arrives as snapshots and events.
    func stop(_ addresses: [String])

    /// Begins to make the node at `target` the leader of its shard; the outcome arrives as snapshots and events.
    func switchOver(shard: String, to target: String)

    /// `wake` is called, from any thread, whenever a snapshot or an event is new.
    func onChange(_ wake: @escaping @Sendable () -> Void)

    /// Stops the embedded nodes cleanly. Called once, after the terminal was given back; blocks until done.
    /// `progress` gets lines for the user ("stopping 127.0.0.2:8080").
    func shutdown(progress: (String) -> Void)
}
