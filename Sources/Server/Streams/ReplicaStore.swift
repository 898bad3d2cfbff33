import Model
import Replication
import Storage

/// What a replica's drivers do to its store: `ShardStore` in a node. One caller at a time; everything but the properties may
/// block.
package protocol ReplicaStore: AnyObject, Sendable {
    /// The last sequence that is visible here.
    var commitSequence: UInt64 { get }
    /// Which term wrote which part of the log on this disk.
    var logTerms: TermIndex { get }
    /// Takes batches of the leader; they may be lost in a crash until `syncReplicated` returns.
    func writeReplicated(_ batches: [LogBatch]) throws(StorageError)
    /// Makes the batches durable that `writeReplicated` took before: they may be acknowledged.
    func syncReplicated(_ batches: [LogBatch]) throws(StorageError)
    /// Makes visible what is committed by the leader's word, as far as it is here.
    func advanceCommit(to sequence: UInt64)
    /// Cuts the tail of another history, durably.
    func truncate(after position: Position) throws(StorageError)
    /// Empties the contents for a snapshot; a crash from here until `finishInstall` leaves them marked as incomplete.
    func beginInstall() throws(StorageError)
    /// Stores entries of a snapshot, sorted by slot and then key bytes.
    func install(_ writes: UnsafeBufferPointer<EngineWrite>) throws(StorageError)
    /// Stores what the leader's log changed while the snapshot was made; the last one of a key counts.
    func installChanges(_ writes: [EngineWrite]) throws(StorageError)
    /// The snapshot is whole: log and contents begin at that position.
    /// - Parameter owned: what the leader's shard owns by its log, as of that position or later.
    func finishInstall(position: Position, owned: SlotOwnership?) throws(StorageError)
}

extension ShardStore: ReplicaStore {
    package var commitSequence: UInt64 { lock.withLock { commitPosition.sequence } }
    package var logTerms: TermIndex { TermIndex(of: log) }

    /// Writing is left to the sync: one call of the log does both.
    package func writeReplicated(_ batches: [LogBatch]) throws(StorageError) {}
    package func syncReplicated(_ batches: [LogBatch]) throws(StorageError) { try appendReplicated(batches) }
}
