import Model

/// A shard as `MigrationReader` reads it: what the engine has, and the committed log behind that. Any thread; blocks.
package protocol CopySource: AnyObject, Sendable {
    /// Waits until the engine has everything that is committed now.
    /// - Parameter patience: milliseconds to wait at the most.
    /// - Returns: the position that the engine stands at.
    func applyCommitted(patience: Int) throws(StorageError) -> Position

    /// What the engine has of these slots.
    func countApplied(in ranges: [ClosedRange<UInt16>]) -> SlotCount

    /// A frozen view of the newest state. Its caller closes it within two seconds: it pins the engine's pages.
    func freezeEngine() throws(StorageError) -> any EngineSnapshot

    /// The newest committed record, and the bytes of log up to and including it.
    var committedEnd: (sequence: UInt64, offset: UInt64) { get }

    /// The sequence behind which the log is kept.
    var logStart: UInt64 { get }

    /// Reads batches from the record behind `sequence` on.
    /// - Throws: `.outOfRange` when the log does not hold that place.
    func readBatches(after sequence: UInt64) throws(StorageError) -> any BatchReading
}

/// Batches of a log in order, while it is being written. For one thread at a time.
package protocol BatchReading: AnyObject {
    /// The last record returned, or where the reader began.
    var position: Position { get }
    /// Bytes of log before the next batch; 0 before the first one was read.
    var logOffset: UInt64 { get }
    /// The next batch, nil at the log's end.
    func next() throws(StorageError) -> LogBatch?
}

extension LogReader: BatchReading {}

extension ShardStore: CopySource {
    package func applyCommitted(patience: Int) throws(StorageError) -> Position {
        let committed = lock.withLock { commitPosition }
        flushApplied(patience: patience)
        let (applied, reason) = lock.withLock { (appliedPosition, pipeline.failure ?? pipeline.engineError) }
        guard applied.sequence >= committed.sequence, !isBeingInstalled else {
            throw reason ?? StorageError(.engine, "\(engine.kind.rawValue) lags too far behind the log to copy from")
        }
        return applied
    }

    package func countApplied(in ranges: [ClosedRange<UInt16>]) -> SlotCount {
        var sum = SlotCount()
        for range in ranges {
            for count in engine.counts(of: range) {
                sum.keys += count.keys
                sum.bytes += count.bytes
            }
        }
        return sum
    }

    package func freezeEngine() throws(StorageError) -> any EngineSnapshot { try views.freeze() }

    package var committedEnd: (sequence: UInt64, offset: UInt64) {
        lock.withLock { (commitPosition.sequence, pipeline.commitOffset) }
    }

    package var logStart: UInt64 { log.start.sequence }

    package func readBatches(after sequence: UInt64) throws(StorageError) -> any BatchReading {
        guard let term = log.term(at: sequence) else {
            throw StorageError(.outOfRange, "the log does not hold the record \(sequence)")
        }
        return try log.makeReader(after: Position(term: term, sequence: sequence))
    }
}
