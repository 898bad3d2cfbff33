import Resharding

/// What connections tell the resharding of their node's shard, and ask of it. Any thread; nothing here blocks.
package protocol ShardResharding: AnyObject, Sendable {
    /// A target's leader asks for a move over that connection.
    /// - Returns: the connection's number in later calls; nil when this node leads no more.
    func attach(_ stream: any MigrationStream, _ hello: MigrationHello) -> UInt64?
    /// What came over a connection, or became of it.
    func receive(_ event: MigrationSourceMachine.Event, link: UInt64)
    /// This node's part in the job, a moment old; nil while there is none.
    var progress: ReshardProgress? { get }
}

/// The source's end of a target's connection, as resharding sees it. Any thread; calls of one thread keep their order.
package protocol MigrationStream: AnyObject, Sendable {
    func send(_ frame: MigrationFrame)
    func close(because reason: String)
}
