import CCRC32C
import Glibc

/// Turns a run of batches into one write per key, sorted as engines want it: the log's replay at start.
struct BatchCoalescer {
    /// The newest write of each key, by slot and then key bytes. Borrowed from the batches.
    private(set) var writes: [EngineWrite] = []

    /// - Parameter batches: contain no `clearSlots` record.
    init(_ batches: ArraySlice<LogBatch>) {
        let records = batches.reduce(0) { $0 + $1.count }
        var capacity = 16
        while capacity < records * 2 { capacity *= 2 }
        // Hash and index + 1 of a write in one word: a probe that misses or hits costs one cache line.
        var table = [UInt64](repeating: 0, count: capacity)
        writes.reserveCapacity(records)
        table.withUnsafeMutableBufferPointer { table in
            for batch in batches { add(batch, to: table) }
        }
        sort()
    }

    /// Records whose table places are loaded ahead.
    private static let lookahead = 16

    private mutating func add(_ batch: LogBatch, to table: UnsafeMutableBufferPointer<UInt64>) {
        let mask = table.count - 1
        let bytes = batch.bytes
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: BatchCoalescer.lookahead) { ring in
            var ahead = LogBatch.headerBytes
            var offset = LogBatch.headerBytes
            var hashed = 0
            for index in 0..<batch.count {
                while hashed < batch.count, hashed < index + BatchCoalescer.lookahead,
                    let record = LogRecord.decode(bytes, at: ahead)
                {
                    let hash = KeyHash.hash(record.key)
                    ring[hashed % BatchCoalescer.lookahead] = hash
                    shoal_prefetch(table.baseAddress.map { $0 + (Int(hash) & mask) })
                    ahead += record.encodedBytes
                    hashed += 1
                }
                guard let record = LogRecord.decode(bytes, at: offset) else { return }
                offset += record.encodedBytes
                guard record.changesKey else { continue }
                add(record, batch.firstSequence + UInt64(index), ring[index % BatchCoalescer.lookahead], table, mask)
            }
        }
    }

    private mutating func add(
        _ record: LogRecord,
        _ sequence: UInt64,
        _ hash: UInt32,
        _ table: UnsafeMutableBufferPointer<UInt64>,
        _ mask: Int
    ) {
        let value: StoredValue? =
            record.kind == .delete ? nil : StoredValue(record, sequence: sequence)
        let write = EngineWrite(slot: record.slot, key: record.key, value: value)
        var index = Int(hash) & mask
        while table[index] != 0 {
            let candidate = Int(truncatingIfNeeded: table[index] & 0xFFFF_FFFF) - 1
            if table[index] >> 32 == UInt64(hash), isEqual(writes[candidate].key, record.key) {
                writes[candidate] = write
                return
            }
            index = (index + 1) & mask
        }
        table[index] = UInt64(hash) << 32 | UInt64(writes.count + 1)
        writes.append(write)
    }

    private mutating func sort() {
        let order = EngineOrder.sorted(count: writes.count, slot: { writes[$0].slot }, key: { writes[$0].key })
        writes = order.map { writes[Int($0)] }
    }
}
