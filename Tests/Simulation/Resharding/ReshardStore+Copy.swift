import Model
import Storage

/// What is read of the store for another shard.
extension ReshardStore {
    var committedEnd: (sequence: UInt64, offset: UInt64) {
        guard known > 0 else { return (0, 0) }
        return (log.entries[known - 1].sequence, log.entries[known - 1].offset)
    }

    var logStart: UInt64 { 0 }

    func applyCommitted(patience: Int) throws(StorageError) -> Position {
        apply()
        return position(applied)
    }

    func countApplied(in ranges: [ClosedRange<UInt16>]) -> SlotCount {
        let keys = engine.values.keys.filter { key in ranges.contains { $0.contains(cluster.keys.slot(of: key)) } }
        return SlotCount(keys: UInt64(keys.count))
    }

    func freezeEngine() throws(StorageError) -> any EngineSnapshot {
        let number = cluster.nextNumber()
        views[number] = cluster.now
        return ReshardView(engine, position(applied), cluster.keys) { [weak self] in self?.views[number] = nil }
    }

    func readBatches(after sequence: UInt64) throws(StorageError) -> any BatchReading {
        ReshardBatches(self, after: sequence)
    }

    func position(_ count: Int) -> Position {
        guard count > 0 else { return Position(term: 0, sequence: 0) }
        return Position(term: log.entries[count - 1].term, sequence: log.entries[count - 1].sequence)
    }
}

/// A frozen view of the engine.
private final class ReshardView: EngineSnapshot {
    let position: Position
    private let contents: ShardContents
    private let keys: ReshardKeys
    private var onClose: (() -> Void)?

    init(_ contents: ShardContents, _ position: Position, _ keys: ReshardKeys, onClose: @escaping () -> Void) {
        self.contents = contents
        self.position = position
        self.keys = keys
        self.onClose = onClose
    }

    deinit { close() }

    func close() {
        onClose?()
        onClose = nil
    }

    func scan(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
    ) throws(StorageError) {
        let found = contents.values.keys.filter { slots.contains(keys.slot(of: $0)) }
        let ordered = found.map { (slot: keys.slot(of: $0), name: keys.names[$0], key: $0) }.sorted { left, right in
            left.slot != right.slot ? left.slot < right.slot : left.name.lexicographicallyPrecedes(right.name)
        }
        for entry in ordered {
            if let after, entry.slot == slots.lowerBound, !after.lexicographicallyPrecedes(entry.name) { continue }
            guard let stored = contents.values[entry.key] else { continue }
            let goesOn = entry.name.withUnsafeBytes { name in
                ReshardKeys.bytes(of: stored.value).withUnsafeBytes { bytes in
                    body(entry.slot, name, StoredValue(version: stored.version, expiry: 0, bytes: bytes))
                }
            }
            guard goesOn else { return }
        }
    }
}

/// Committed batches of the log, as real ones.
private final class ReshardBatches: BatchReading {
    private let store: ReshardStore
    private(set) var position: Position
    private(set) var logOffset: UInt64 = 0

    init(_ store: ReshardStore, after sequence: UInt64) {
        self.store = store
        position = Position(term: store.term, sequence: sequence)
    }

    func next() throws(StorageError) -> LogBatch? {
        let entries = store.log.entries[..<store.known]
        // Some log is cut by a jump, whose sequences nobody has.
        guard let first = entries.firstIndex(where: { $0.sequence > position.sequence }) else { return nil }
        let number = entries[first].batch
        let start = entries[..<first].lastIndex { $0.batch != number }.map { $0 + 1 } ?? 0
        let batch = entries[start...].prefix { $0.batch == number }
        guard let encoded = Array(batch).encoded(store.cluster.keys) else { return nil }
        position = encoded.end
        logOffset = entries[first].offset
        return encoded
    }
}
