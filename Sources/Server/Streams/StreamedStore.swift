import Model
import Replication
import Storage

/// What a follower's stream needs of its leader's store: `ShardStore` in a node. Any thread.
package protocol StreamedStore: AnyObject, Sendable {
    /// The log as it is at this moment.
    var logState: LeaderFollowerMachine.LogState { get }
    /// The newest record that is visible here.
    var committed: Position { get }
    /// Which term wrote which part of the log on this disk.
    var logTerms: TermIndex { get }
    /// Bytes of log before the record at that sequence; nil where the log does not have it.
    func logOffset(ofSequence sequence: UInt64) -> UInt64?
    /// What the shard owns by its log; nil while no record has said so.
    func ownedSlots() -> SlotOwnership?

    /// Calls `body`, from any thread, whenever the log or the commit position has grown.
    /// - Returns: a token for `unobserve`.
    func observe(_ body: @escaping @Sendable () -> Void) -> Int
    func unobserve(_ token: Int)

    /// Keeps the log behind that sequence from being cut.
    /// - Returns: a token for the other two.
    func pinStream(after sequence: UInt64) -> UInt64
    func movePin(_ token: UInt64, after sequence: UInt64)
    func unpinStream(_ token: UInt64)

    /// Keeps the files open for work off the loop.
    /// - Returns: false when the store is closing; nothing may be begun then.
    func beginUse() -> Bool
    func endUse()

    /// Reads the log behind a position.
    func makeLogReader(after position: Position) throws(StorageError) -> any LogBatches
    /// Reads the contents of all slots.
    func makeContentsReader() -> any ContentsReader
}

/// The log's batches in order. For one thread at a time.
package protocol LogBatches: AnyObject, Sendable {
    /// The end of the batch that was returned last, or where the reading began.
    var position: Position { get }
    /// The next batch; nil at the log's end. Blocks.
    /// - Throws: `.outOfRange` when that part of the log has been cut.
    func next() throws(StorageError) -> LogBatch?
}

/// A shard's contents in many short views, and then the log since the first of them. Blocks; for one thread at a time.
/// `MigrationReader` says what is promised of each.
package protocol ContentsReader: AnyObject, Sendable {
    func open() throws(StorageError) -> (position: Position, keys: UInt64, bytes: UInt64)
    func nextEntries(
        maxBytes: Int,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
    ) throws(StorageError) -> Bool
    func readLog(
        after sequence: UInt64,
        upTo end: UInt64?,
        maxScanBytes: Int,
        _ body: (_ record: LogRecord, _ sequence: UInt64) -> Bool
    ) throws(StorageError) -> (through: UInt64, bytesLeft: UInt64)
}

extension LogReader: LogBatches {}
extension MigrationReader: ContentsReader {}

extension ShardStore: StreamedStore {
    package var committed: Position { lock.withLock { commitPosition } }

    package var logState: LeaderFollowerMachine.LogState {
        // In this order: the log must include every write that the commit position tells of.
        let commit = committed.sequence
        return LeaderFollowerMachine.LogState(
            start: log.start,
            end: log.syncedEnd,
            commitSequence: commit,
            endOffset: log.endOffset,
            isLeaseValid: lease.isValid
        )
    }

    package func logOffset(ofSequence sequence: UInt64) -> UInt64? { log.offset(ofSequence: sequence) }
    package func pinStream(after sequence: UInt64) -> UInt64 { log.pin(sequence) }
    package func movePin(_ token: UInt64, after sequence: UInt64) { log.movePin(token, to: sequence) }
    package func unpinStream(_ token: UInt64) { log.unpin(token) }

    package func makeLogReader(after position: Position) throws(StorageError) -> any LogBatches {
        try log.makeReader(after: position)
    }

    package func makeContentsReader() -> any ContentsReader {
        var all = SlotSet()
        all.insert(0...UInt16(StorageLimits.slotCount - 1))
        return MigrationReader(store: self, slots: all)
    }
}
