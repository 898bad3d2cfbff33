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
        var table = [Int32](repeating: -1, count: capacity)
        writes.reserveCapacity(records)
        hashes.reserveCapacity(records)
        for batch in batches {
            batch.forEachRecord { record, sequence in
                guard record.kind == .put || record.kind == .delete else { return }
                add(record, sequence, &table, mask: capacity - 1)
            }
        }
        sort()
    }

    private mutating func add(_ record: LogRecord, _ sequence: UInt64, _ table: inout [Int32], mask: Int) {
        let hash = KeyHash.hash(record.key)
        let value: StoredValue? =
            record.kind == .put
            ? StoredValue(version: sequence, expiry: record.expiry, flags: record.flags, bytes: record.value) : nil
        let write = EngineWrite(slot: record.slot, key: record.key, value: value)
        var index = Int(hash) & mask
        while table[index] >= 0 {
            let candidate = Int(table[index])
            if hashes[candidate] == hash, isEqual(writes[candidate].key, record.key) {
                writes[candidate] = write
                return
            }
            index = (index + 1) & mask
        }
        table[index] = Int32(writes.count)
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
