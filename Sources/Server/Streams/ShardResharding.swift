import Model
import Resharding
import Storage

/// What connections tell the resharding of their node's shard, and ask of it. Any thread; nothing here blocks.
package protocol ShardResharding: AnyObject, Sendable {
    /// A target's leader asks for a move over that connection.
    /// - Returns: the connection's number in later calls; nil when this node is no longer the leader.
    func attach(_ stream: any MigrationStream, _ hello: MigrationHello) -> UInt64?
    /// What came over a connection, or became of it.
    func receive(_ event: MigrationSourceMachine.Event, link: UInt64)
    /// This node's part in the job, a moment old; nil while there is none.
    var progress: ReshardProgress? { get }
    /// Deletes what is here of slots that are other shards', in one order with everything that moves slots.
    func clean(_ slots: [ClosedRange<UInt16>]) async -> CleanOutcome
}

/// What became of a wish to delete foreign slots' keys.
package enum CleanOutcome: Sendable {
    /// So many keys.
    case removed(UInt64)
    /// It would be unsafe, for this reason; nothing is deleted.
    case refused(String)
    case failed(StorageError)
}

/// The source's end of a target's connection, as resharding sees it. Any thread; calls of one thread keep their order.
package protocol MigrationStream: AnyObject, Sendable {
    func send(_ frame: MigrationFrame)
    func close(because reason: String)
}
