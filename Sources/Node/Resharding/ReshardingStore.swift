import Model
import Resharding
import Storage

/// A shard as its resharding uses it. Any thread; nothing here blocks but what `CopySource` says.
package protocol ReshardingStore: CopySource {
    /// What the log says the shard owns, and the sequence of the commit position.
    var state: (owned: SlotSet, committed: UInt64) { get }

    /// Lets commands in as this says, from the return on; nil lets in all.
    func setServing(_ serving: SlotServing?)

    /// Calls `body` whenever something was committed, until `unobserve`. On any thread, and it must not block.
    func observe(_ body: @escaping @Sendable () -> Void) -> Int
    func unobserve(_ token: Int)

    /// Keeps the log behind a sequence; replaces the earlier pin of that id. nil lets go.
    func pinLog(id: UInt64, after sequence: UInt64?)

    /// Keeps the files open until `endUse`.
    /// - Returns: false when the store is closing; don't begin then.
    func beginUse() -> Bool
    func endUse()

    /// Appends to the log, in that term alone. Its owner closes it.
    func makeLog(term: UInt64) -> any ReshardingLog
}

/// A shard's log as resharding appends to it: one after the other, by one owner.
package protocol ReshardingLog: AnyObject, Sendable {
    /// Appends the records.
    /// - Parameter done: called once, on any thread, not before the return, when all of them are committed or it has
    ///   failed. `.notLeader`: they may be in the log, and the next leader knows; otherwise nothing was appended.
    func append(
        _ records: ReshardingRecords,
        _ done: @escaping @Sendable (Result<AppendedRecords, StorageError>) -> Void
    )

    /// Looks for slots that hold keys and that the log does not say are owned, once the engine has what is committed now.
    /// - Parameter done: as of `append`.
    func findLeftovers(_ done: @escaping @Sendable (Result<SlotSet, StorageError>) -> Void)

    /// Waits for what is under way, and takes no more. Blocks; not for event loops.
    func close()
}

/// What resharding appends at once.
package enum ReshardingRecords: Sendable {
    /// The shard owns, and owns no longer, these slots.
    case ownership(own: SlotSet, disown: SlotSet, mapVersion: UInt64)
    /// Whatever these slots have is deleted.
    case clear(SlotSet)
    /// The same, waiting for the engine: the keys are counted.
    case clean([ClosedRange<UInt16>])
    /// Keys of another shard, with the versions that they have there.
    case chunks([MigrationChunk])
    /// Sequences behind this record are above `beyond`.
    case jump(beyond: UInt64)
}

/// What became of records that were appended.
package struct AppendedRecords: Sendable {
    /// The sequence of the last one, where that matters: ownership.
    package var end: UInt64
    /// By `clean`.
    package var keysRemoved: UInt64

    package init(end: UInt64 = 0, keysRemoved: UInt64 = 0) {
        self.end = end
        self.keysRemoved = keysRemoved
    }
}
