import Model

/// Reads slots of a shard for another one, or all of them for a follower: first what the engine has, in short views, then the log from where that began.
///
/// Entries may show any state at or after the position that `open` answered. The log's records after that position, applied
/// in their order over all of the entries, make exactly the state at their end (docs/resharding.md).
///
/// Blocks; for one thread at a time.
package final class MigrationReader: @unchecked Sendable {
    // Sendable: handed from thread to thread by its owner, never shared.
    package let store: any CopySource
    private let slots: SlotSet
    private let ranges: [ClosedRange<UInt16>]
    /// The range that is read next, and the last key that was taken of it.
    private var range = 0
    private var last: (slot: UInt16, key: [UInt8])?
    private var log: (any BatchReading)?
    /// A batch of which only a part was taken.
    private var batch: LogBatch?
    /// A mistake for the simulation to find: one view for all of the copy, as long as this reader lives.
    private let keepsView: Bool
    private var keptView: (any EngineSnapshot)?

    /// A view keeps LMDB from reusing pages, so it is given up after so many bytes of keys and values.
    package static let viewBytesMax = 8 << 20
    /// How long an opening waits for the applier, in milliseconds; whoever asked gives up then, too.
    private static let openPatience = 15_000

    /// - Parameter keepsView: plants a mistake; in simulations alone.
    package init(store: any CopySource, slots: SlotSet, keepsView: Bool = false) {
        self.store = store
        self.slots = slots
        self.keepsView = keepsView
        ranges = slots.ranges
    }

    /// Waits until the engine has everything that is committed now, and begins with the first slot.
    /// - Returns: the position from which on log is needed, and what the slots hold about then.
    package func open() throws(StorageError) -> (position: Position, keys: UInt64, bytes: UInt64) {
        let applied = try store.applyCommitted(patience: MigrationReader.openPatience)
        range = 0
        last = nil
        let sum = store.countApplied(in: ranges)
        return (applied, sum.keys, sum.bytes)
    }

    // MARK: What the engine has

    /// Calls `body` for entries by slot and key, from where the last call ended, in a view of their own. Expired ones are
    /// included: their deletes are in the log.
    /// - Parameters:
    ///   - maxBytes: of keys and values; one entry at least, `viewBytesMax` at most.
    ///   - body: returns false to stop after the entry. What it is given is borrowed for the call.
    /// - Returns: whether that was the last one.
    package func nextEntries(
        maxBytes: Int,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
    ) throws(StorageError) -> Bool {
        guard range < ranges.count else { return true }
        let limit = min(maxBytes, MigrationReader.viewBytesMax)
        let view = try openView()
        defer { if !keepsView { view.close() } }
        var bytes = 0
        while range < ranges.count {
            let first = last?.slot ?? ranges[range].lowerBound
            var isStopped = false
            try view.scan(slots: first...ranges[range].upperBound, after: last?.key) { slot, key, value in
                bytes += key.count + value.bytes.count
                isStopped = !body(slot, key, value) || bytes >= limit
                if isStopped { last = (slot, Array(key)) }
                return !isStopped
            }
            if isStopped { return false }
            range += 1
            last = nil
        }
        return true
    }

    private func openView() throws(StorageError) -> any EngineSnapshot {
        if let keptView { return keptView }
        let view = try store.freezeEngine()
        if keepsView { keptView = view }
        return view
    }

    // MARK: The log

    /// Looks through committed log after a sequence, and calls `body` for the records of the slots that set or delete a key.
    /// - Parameters:
    ///   - end: the last sequence of interest, which is committed; nil: whatever is committed.
    ///   - maxScanBytes: of log to look through; one batch at least.
    ///   - body: returns false to stop before that record. What it is given is borrowed for the call.
    /// - Returns: up to where everything was looked through, and about how many bytes of log are left after it up to
    ///   the commit position.
    /// - Throws: `.logCut` when that part of the log is kept no longer; `.corrupt` when the slots were cleared in it: what
    ///   was read of them before means nothing.
    package func readLog(
        after sequence: UInt64,
        upTo end: UInt64? = nil,
        maxScanBytes: Int,
        _ body: (_ record: LogRecord, _ sequence: UInt64) -> Bool
    ) throws(StorageError) -> (through: UInt64, bytesLeft: UInt64) {
        let (newest, committedOffset) = store.committedEnd
        let committed = min(newest, end ?? newest)
        var through = sequence
        var scanned = 0
        while through < committed, scanned < maxScanBytes {
            guard let next = try nextBatch(after: through), next.end.sequence <= committed else { break }
            scanned += next.bytes.count
            if let stop = try look(through: next, after: through, body) {
                through = stop - 1
                batch = next
                break
            }
            through = next.end.sequence
            batch = nil
        }
        guard through < committed else { return (through, 0) }
        let offset = (log?.logOffset ?? 0) - UInt64(batch?.bytes.count ?? 0)
        return (through, committedOffset > offset ? committedOffset - offset : 0)
    }

    /// The batch that has the record after `sequence`.
    private func nextBatch(after sequence: UInt64) throws(StorageError) -> LogBatch? {
        if let batch, batch.firstSequence <= sequence + 1, batch.end.sequence > sequence { return batch }
        batch = nil
        do throws(StorageError) {
            if log?.position.sequence != sequence {
                log = try store.readBatches(after: sequence)
            }
            guard let next = try log?.next() else { return nil }
            batch = next
            return next
        } catch {
            log = nil
            guard error.code == .outOfRange, sequence < store.logStart else { throw error }
            throw StorageError(.logCut, "the log after \(sequence) is kept no longer: the copy took too long")
        }
    }

    /// - Returns: the record that `body` did not take; nil when it has taken all.
    private func look(
        through batch: LogBatch,
        after sequence: UInt64,
        _ body: (LogRecord, UInt64) -> Bool
    ) throws(StorageError) -> UInt64? {
        var stop: UInt64?
        var cleared: UInt64?
        batch.forEachRecord { record, place in
            guard place > sequence, stop == nil, cleared == nil else { return }
            if record.changesKey, slots.contains(record.slot) {
                if !body(record, place) { stop = place }
            } else if record.kind == .clearSlots, clears(record) {
                cleared = place
            }
        }
        if let cleared {
            throw StorageError(.corrupt, "slots that are being copied were cleared by the record \(cleared)")
        }
        return stop
    }

    private func clears(_ record: LogRecord) -> Bool {
        let last = max(record.slot, record.lastSlot)
        return ranges.contains { $0.overlaps(record.slot...last) }
    }
}
