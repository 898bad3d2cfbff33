import Model

/// What a shard's leader appends while slots come and go (docs/resharding.md): keys of slots that the shard does not own yet,
/// what it owns, and the clearing of what it gave away. Has no state of its own; blocks, on threads of the node.
struct SlotTransfer: Sendable {
    let appends: NodeAppends
    let pipeline: WritePipeline
    let committed: CommittedState
    let slots: ServedSlots
    let visible: VisibleState
    let engine: any StorageEngine
    let applier: Applier

    /// Puts keys into the log, with the versions they have.
    func importKeys(
        bytes: Int,
        term: UInt64,
        port: StorePort,
        _ body: (_ add: (UInt16, UnsafeRawBufferPointer, StoredValue?) -> Void) -> Void
    ) throws(StorageError) {
        try appends.append(bytes: bytes, term: term, port: port) {
            body { slot, key, value in
                if let value {
                    pipeline.open.builder.appendImport(slot: slot, key: key, value)
                } else {
                    pipeline.open.append(LogRecord(kind: .delete, slot: slot, key: key))
                }
            }
        }
    }

    // MARK: Ownership

    /// - Returns: the record's position.
    func changeOwnership(
        own: SlotSet,
        disown: SlotSet,
        mapVersion: UInt64,
        term: UInt64,
        port: StorePort
    ) throws(StorageError) -> Position {
        let bytes = LogRecord.headerBytes + SlotOwnership.encodedBytesMax
        return try appends.append(bytes: bytes, term: term, port: port, mayBeUnacknowledged: true) {
            var owned = slots.ownership?.slots ?? SlotSet()
            owned.formUnion(own)
            owned.subtract(disown)
            SlotOwnership(slots: owned, mapVersion: mapVersion).encoded.withUnsafeBytes { value in
                let record = LogRecord(kind: .ownership, slot: 0, key: SlotTransfer.noKey, value: value)
                pipeline.open.append(record)
            }
            return Position(term: pipeline.term, sequence: pipeline.lastQueuedVersion)
        }
    }

    private static var noKey: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    /// No log has so many records: a peer that says so is broken, and a log that jumped there could not go on.
    static let sequenceMax: UInt64 = 1 << 56

    /// Sees to it that whatever is appended from the return on has a higher sequence than `version`.
    /// - Returns: the commit position.
    func jump(above version: UInt64, term: UInt64, port: StorePort) throws(StorageError) -> Position {
        guard version < SlotTransfer.sequenceMax else {
            throw StorageError(.outOfRange, "no log has a sequence of \(version)")
        }
        let isReached = pipeline.lock.withLock {
            pipeline.isLeader && pipeline.term == term && committed.position.sequence >= version
        }
        if !isReached {
            try appends.append(bytes: LogRecord.headerBytes, term: term, port: port) {
                pipeline.open.append(LogRecord(kind: .jump, slot: 0, key: SlotTransfer.noKey))
                let last = pipeline.lastQueuedVersion
                if version > last { pipeline.open.builder.skip(version - last) }
            }
        }
        return pipeline.lock.withLock { committed.position }
    }

    // MARK: Clearing

    /// Deletes all keys of the slots through the log; where nothing is, nothing is appended.
    func clear(_ cleared: SlotSet, term: UInt64, port: StorePort) throws(StorageError) {
        let ranges = cleared.ranges
        guard !ranges.isEmpty else { return }
        let isClear = pipeline.lock.withLock {
            pipeline.isLeader && pipeline.term == term && isEmpty(cleared)
        }
        if isClear { return }
        let bytes = ranges.count * (LogRecord.headerBytes + 2)
        try appends.append(bytes: bytes, term: term, port: port) {
            for range in ranges {
                let last: [UInt8] = [UInt8(range.upperBound >> 8), UInt8(range.upperBound & 0xFF)]
                last.withUnsafeBytes {
                    pipeline.open.append(LogRecord(kind: .clearSlots, slot: range.lowerBound, key: $0))
                }
            }
        }
    }

    /// The same, and waits until the engine has it as well.
    /// - Parameter wanted: the term of the leadership in which that was decided; nil: of now.
    /// - Returns: how many keys they held.
    func clear(_ ranges: [ClosedRange<UInt16>], term wanted: UInt64?, port: StorePort) throws(StorageError) -> UInt64 {
        applier.flush(patience: .max)
        var removed: UInt64 = 0
        var cleared = SlotSet()
        for range in ranges {
            let counts = engine.counts(of: range)
            removed += counts.reduce(0) { $0 + $1.keys }
            guard let first = counts.firstIndex(where: { $0.keys > 0 }),
                let last = counts.lastIndex(where: { $0.keys > 0 })
            else { continue }
            // With the empty ones in between: one record.
            cleared.insert(range.lowerBound + UInt16(first)...range.lowerBound + UInt16(last))
        }
        try clear(cleared, term: wanted ?? pipeline.lock.withLock { pipeline.term }, port: port)
        applier.flush(patience: .max)
        if let error = pipeline.lock.withLock({ pipeline.failure ?? pipeline.engineError }) { throw error }
        return removed
    }

    /// Whether neither engine nor hot table nor a batch that is not visible yet has anything of the slots. Lock held.
    private func isEmpty(_ cleared: SlotSet) -> Bool {
        if visible.holds(cleared) || SlotTransfer.touches(cleared, pipeline.open.builder.bytes) { return false }
        if let batch = pipeline.inFlight.batch, SlotTransfer.touches(cleared, batch.bytes) { return false }
        return cleared.ranges.allSatisfy { range in
            // What the engine still has of slots in `clearing` it is about to delete.
            zip(range, engine.counts(of: range)).allSatisfy { $0.1.keys == 0 || committed.clearing.contains($0.0) }
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
