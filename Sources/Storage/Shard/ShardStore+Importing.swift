/// Keys of slots that the shard does not own: they come from another shard, or are left of what was given away. Nobody
/// reads them (docs/resharding.md).
extension ShardStore {
    /// Puts keys into the log, with the versions they have, and waits until that is committed. Blocks.
    /// - Parameters:
    ///   - bytes: of the keys and values, with about `LogRecord.headerBytes` and `importVersionBytes` for each.
    ///   - term: of the lead in which the copy was begun.
    ///   - body: calls its argument for each: slot, key, value (nil deletes). What is borrowed need only live for that
    ///     call. Called once, with the store's lock held: no longer than a chunk of 256 KiB takes.
    /// - Throws: `.notLeader` when the term is over, and the records may or may not be in the log; `.tooFewInSync` also when
    ///   they are committed on fewer disks than MinInSync asks for; with any other code nothing was appended.
    package func importKeys(
        bytes: Int,
        term: UInt64,
        port: StorePort,
        _ body: (_ add: (UInt16, UnsafeRawBufferPointer, StoredValue?) -> Void) -> Void
    ) throws(StorageError) {
        try appendAndWait(bytes: bytes, term: term, port: port) {
            body { slot, key, value in
                if let value {
                    open.appendImport(slot: slot, key: key, value)
                } else {
                    open.append(LogRecord(kind: .delete, slot: slot, key: key))
                }
            }
        }
    }

    /// Deletes all keys of the slots through the log, owned or not, and waits until that is committed; where nothing is,
    /// nothing is appended. Blocks.
    /// - Parameter term: of the lead in which this was decided.
    /// - Throws: as `importKeys`.
    package func clear(_ slots: SlotSet, term: UInt64, port: StorePort) throws(StorageError) {
        let ranges = slots.ranges
        guard !ranges.isEmpty else { return }
        let isClear = lock.withLock { isLeader && self.term == term && isEmpty(slots) }
        if isClear { return }
        let bytes = ranges.count * (LogRecord.headerBytes + 2)
        try appendAndWait(bytes: bytes, term: term, port: port) {
            for range in ranges {
                let last: [UInt8] = [UInt8(range.upperBound >> 8), UInt8(range.upperBound & 0xFF)]
                last.withUnsafeBytes {
                    _ = open.append(LogRecord(kind: .clearSlots, slot: range.lowerBound, key: $0))
                }
            }
        }
    }

    /// Whether neither engine nor hot table nor a batch that is not visible yet has anything of the slots. Lock held.
    private func isEmpty(_ slots: SlotSet) -> Bool {
        if visible.holds(slots) || ShardStore.touches(slots, open.bytes) { return false }
        if let batch = inFlight, ShardStore.touches(slots, batch.bytes) { return false }
        return slots.ranges.allSatisfy { range in
            // What the engine still has of slots in `clearing` it is about to delete.
            zip(range, engine.counts(of: range)).allSatisfy { $0.1.keys == 0 || clearing.contains($0.0) }
        }
    }

    /// Whether a record of the batch sets or deletes a key of the slots.
    private static func touches(_ slots: SlotSet, _ batch: UnsafeRawBufferPointer) -> Bool {
        var offset = LogBatch.headerBytes
        while let record = LogRecord.decode(batch, at: offset) {
            if record.changesKey, slots.contains(record.slot) { return true }
            offset += record.encodedBytes
        }
        return false
    }
}
