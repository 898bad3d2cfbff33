import CCRC32C
import Glibc

/// Turns a run of batches into one write per key, sorted as engines want it.
///
/// Hashing first and counting-sorting by slot keeps this linear: with a few keys per slot the final comparison sort is
/// over runs of a handful.
struct BatchCoalescer {
    /// The newest write of each key, by slot and then key bytes. Borrowed from the batches.
    private(set) var writes: [EngineWrite] = []
    /// The hash of `writes[i]`'s key.
    private(set) var hashes: [UInt32] = []

    /// - Parameter batches: contain no `clearSlots` record.
    init(_ batches: ArraySlice<LogBatch>) {
        let records = batches.reduce(0) { $0 + $1.count }
        var capacity = 16
        while capacity < records * 2 { capacity *= 2 }
        // Hash and index + 1 of a write in one word: a probe that misses or hits costs one cache line.
        var table = [UInt64](repeating: 0, count: capacity)
        writes.reserveCapacity(records)
        hashes.reserveCapacity(records)
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
                guard record.kind == .put || record.kind == .delete else { continue }
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
            record.kind == .put
            ? StoredValue(version: sequence, expiry: record.expiry, flags: record.flags, bytes: record.value) : nil
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
        hashes.append(hash)
    }

    private mutating func sort() {
        var starts = [Int32](repeating: 0, count: StorageLimits.slotCount + 1)
        for write in writes { starts[Int(write.slot) + 1] += 1 }
        for slot in 0..<StorageLimits.slotCount { starts[slot + 1] += starts[slot] }
        var order = [Int32](repeating: 0, count: writes.count)
        var next = starts
        for index in writes.indices {
            let slot = Int(writes[index].slot)
            order[Int(next[slot])] = Int32(index)
            next[slot] += 1
        }
        for slot in 0..<StorageLimits.slotCount where starts[slot + 1] - starts[slot] > 1 {
            order[Int(starts[slot])..<Int(starts[slot + 1])]
                .sort { BatchCoalescer.compare(writes[Int($0)].key, writes[Int($1)].key) < 0 }
        }
        writes = order.map { writes[Int($0)] }
        hashes = order.map { hashes[Int($0)] }
    }

    /// Sets what is known of the key's present state in the engine.
    mutating func setPrevious(_ previous: PreviousValue, at index: Int) { writes[index].previous = previous }

    @inline(__always)
    private static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        if let a = left.baseAddress, let b = right.baseAddress {
            let order = memcmp(a, b, min(left.count, right.count))
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }
}
