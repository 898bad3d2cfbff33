import Model

/// Writes the log after the engine's position to the engine when a store is opened. Nothing else uses the store meanwhile,
/// so no lock is held; has no state of its own.
struct Replay {
    let engine: any StorageEngine
    let log: CommitLog
    let committed: CommittedState
    let slots: ServedSlots

    /// Log per engine transaction: bounds the opening's memory.
    private static let chunkBytes = 32 << 20

    /// Batches at or below the known commit position go to the engine, the rest waits for the leader's word.
    func run(after applied: Position, _ progress: (String) -> Void) throws(StorageError) {
        let reader = try log.makeReader(after: applied)
        let total = max(1, log.end.sequence - applied.sequence)
        var chunk: [LogBatch] = []
        var bytes = 0
        while let batch = try reader.next() {
            guard batch.end.sequence <= log.lastCommitSequence else {
                committed.keepAside([batch])
                continue
            }
            // The ownership's file may be ahead of the engine and have it already.
            batch.forEachRecord { record, sequence in
                slots.publish(record, at: Position(term: batch.term, sequence: sequence))
            }
            chunk.append(batch)
            bytes += batch.bytes.count
            if bytes >= Replay.chunkBytes {
                try replay(chunk)
                progress("replaying the log \((batch.end.sequence - applied.sequence) * 100 / total) %")
                chunk = []
                bytes = 0
            }
        }
        if !chunk.isEmpty { try replay(chunk) }
    }

    /// Range deletes are barriers: what was written before them goes first.
    private func replay(_ batches: [LogBatch]) throws(StorageError) {
        if let ownership = slots.takeUnsaved() { try slots.save(ownership.0, at: ownership.at) }
        var start = 0
        for index in batches.indices where containsClear(batches[index]) {
            try replayCoalesced(batches[start..<index])
            try replayInOrder(batches[index])
            start = index + 1
        }
        try replayCoalesced(batches[start...])
        if let last = batches.last { committed.begin(at: last.end) }
    }

    private func containsClear(_ batch: LogBatch) -> Bool {
        var found = false
        batch.forEachRecord { record, _ in if record.kind == .clearSlots { found = true } }
        return found
    }

    private func replayCoalesced(_ batches: ArraySlice<LogBatch>) throws(StorageError) {
        guard let last = batches.last else { return }
        let coalesced = BatchCoalescer(batches)
        try coalesced.writes.withUnsafeBufferPointer { writes throws(StorageError) in
            try engine.apply(writes, position: last.end)
        }
        // The writes borrow from the batches.
        withExtendedLifetime(batches) {}
    }

    /// A batch with a range delete, record by record: there is little else in such a batch.
    private func replayInOrder(_ batch: LogBatch) throws(StorageError) {
        var records: [LogRecord] = []
        batch.forEachRecord { record, _ in records.append(record) }
        for (index, record) in records.enumerated() {
            let sequence = batch.firstSequence + UInt64(index)
            // The last one takes what the batch skips along: the engine stands between batches then.
            let isLast = index == records.count - 1
            let position = isLast ? batch.end : Position(term: batch.term, sequence: sequence)
            switch record.kind {
            case .clearSlots:
                try engine.deleteSlots([record.slot...max(record.slot, record.lastSlot)], position: position)
            case .put, .importPut, .delete, .termStart, .ownership, .jump:
                let value = record.kind == .delete ? nil : StoredValue(record, sequence: sequence)
                let write = EngineWrite(slot: record.slot, key: record.key, value: value)
                let writes = record.changesKey ? [write] : []
                try writes.withUnsafeBufferPointer { pointer throws(StorageError) in
                    try engine.apply(pointer, position: position)
                }
            }
        }
        withExtendedLifetime(batch) {}
    }
}
