import Glibc

/// Finds the latest write of a key in a batch that is not visible yet.
///
/// Conditional commands and reads after a write of their own connection look at the writes in flight. A batch of plain
/// writes never pays for that: the index is built when the first such command asks. Used under the store's lock.
struct KeyIndex: ~Copyable {
    /// Where a record starts in its batch, and the how manieth it is (which gives its sequence).
    private struct Place {
        var offset: Int
        var ordinal: Int
    }

    private var hashes: [UInt32] = []
    private var places: [Place] = []
    private var used = 0
    private var indexedRecords = 0
    /// The first byte of the batch that is not indexed yet.
    private var indexedBytes = LogBatch.headerBytes

    private static let initialCapacity = 256
    /// A table larger than this is given back after the batch rather than cleared.
    private static let keptCapacityMax = 1 << 14

    /// The newest record of the key in `batch` (header and records), or nil. `batch` may have grown since the last call.
    mutating func find(
        _ key: UnsafeRawBufferPointer,
        hash: UInt32,
        in batch: UnsafeRawBufferPointer
    ) -> (record: LogRecord, ordinal: Int)? {
        catchUp(with: batch)
        guard used > 0 else { return nil }
        let mask = hashes.count - 1
        var index = Int(hash) & mask
        while hashes[index] != 0 {
            if hashes[index] == hash, let record = LogRecord.decode(batch, at: places[index].offset),
                isEqual(record.key, key)
            {
                return (record, places[index].ordinal)
            }
            index = (index + 1) & mask
        }
        return nil
    }

    mutating func reset() {
        indexedBytes = LogBatch.headerBytes
        indexedRecords = 0
        guard used > 0 else { return }
        used = 0
        if hashes.count > KeyIndex.keptCapacityMax {
            hashes = []
            places = []
        } else {
            for index in hashes.indices { hashes[index] = 0 }
        }
    }

    private mutating func catchUp(with batch: UnsafeRawBufferPointer) {
        while indexedBytes < batch.count, let record = LogRecord.decode(batch, at: indexedBytes) {
            if record.changesKey {
                let place = Place(offset: indexedBytes, ordinal: indexedRecords)
                insert(record.key, hash: KeyHash.hash(record.key), place: place, batch: batch)
            }
            indexedBytes += record.encodedBytes
            indexedRecords += 1
        }
    }

    private mutating func insert(
        _ key: UnsafeRawBufferPointer,
        hash: UInt32,
        place: Place,
        batch: UnsafeRawBufferPointer
    ) {
        if (used + 1) * 2 > hashes.count { grow() }
        let mask = hashes.count - 1
        var index = Int(hash) & mask
        while hashes[index] != 0 {
            if hashes[index] == hash, let record = LogRecord.decode(batch, at: places[index].offset),
                isEqual(record.key, key)
            {
                places[index] = place
                return
            }
            index = (index + 1) & mask
        }
        hashes[index] = hash
        places[index] = place
        used += 1
    }

    private mutating func grow() {
        let old = (hashes, places)
        let capacity = max(KeyIndex.initialCapacity, hashes.count * 2)
        hashes = Array(repeating: 0, count: capacity)
        places = Array(repeating: Place(offset: 0, ordinal: 0), count: capacity)
        for index in old.0.indices where old.0[index] != 0 {
            var free = Int(old.0[index]) & (capacity - 1)
            while hashes[free] != 0 { free = (free + 1) & (capacity - 1) }
            hashes[free] = old.0[index]
            places[free] = old.1[index]
        }
    }
}
