import Glibc

/// A batch in the making: records are encoded straight into the memory that will be written, shipped and applied.
///
/// Owned by the store and used under its lock.
package struct BatchBuilder: ~Copyable {
    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes used so far, header included.
    package private(set) var length = LogBatch.headerBytes
    package private(set) var count = 0
    /// Sequences that stay unused after the last record.
    private var skip: UInt64 = 0

    /// Enough for a few hundred small writes, the usual size of a tick, without growing.
    private static let initialCapacity = 64 << 10

    package init() {
        capacity = BatchBuilder.initialCapacity
        storage = BatchBuilder.allocate(capacity)
    }

    deinit { free(storage) }

    package var isEmpty: Bool { count == 0 }

    /// The bytes so far, for reading back records that are not sealed yet. Borrowed until the next `append`.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: length) }

    /// Adds a record and returns its offset in the batch.
    @inline(__always)
    @discardableResult
    package mutating func append(_ record: LogRecord) -> Int {
        let offset = length
        let needed = record.encodedBytes
        if length + needed + 8 > capacity { grow(to: length + needed + 8) }
        record.encode(to: storage + offset)
        length += needed
        count += 1
        return offset
    }

    /// Adds a key that comes from another shard, with its version.
    package mutating func appendImport(slot: UInt16, key: UnsafeRawBufferPointer, _ value: StoredValue) {
        let valueBytes = LogRecord.importVersionBytes + value.bytes.count
        let needed = LogRecord.headerBytes + key.count + valueBytes
        if length + needed + 8 > capacity { grow(to: length + needed + 8) }
        let target = storage + length
        LogRecord(kind: .importPut, flags: value.flags, slot: slot, expiry: value.expiry, key: key).encode(to: target)
        target.storeBytes(of: UInt32(valueBytes).littleEndian, toByteOffset: LogRecord.valueLengthAt, as: UInt32.self)
        let version = target + LogRecord.headerBytes + key.count
        version.storeBytes(of: value.version.littleEndian, as: UInt64.self)
        UnsafeMutableRawBufferPointer(start: version + LogRecord.importVersionBytes, count: value.bytes.count)
            .copyMemory(from: value.bytes)
        length += needed
        count += 1
    }

    /// Leaves at least so many sequences unused after the batch's last record, so that what follows is above versions
    /// that came from another shard's log.
    package mutating func skip(_ sequences: UInt64) { skip = max(skip, sequences) }

    /// Completes header, padding and CRC and gives the memory away as a batch; the builder starts anew.
    package mutating func seal(term: UInt64, firstSequence: UInt64, commitSequence: UInt64, wallTime: UInt64)
        -> LogBatch
    {
        precondition(count > 0, "an empty batch has no position")
        while length % 8 != 0 {
            storage.storeBytes(of: 0, toByteOffset: length, as: UInt8.self)
            length += 1
        }
        storage.storeBytes(of: LogBatch.magic.littleEndian, as: UInt32.self)
        storage.storeBytes(of: UInt32(length).littleEndian, toByteOffset: 4, as: UInt32.self)
        storage.storeBytes(of: UInt32(count).littleEndian, toByteOffset: 12, as: UInt32.self)
        storage.storeBytes(of: term.littleEndian, toByteOffset: 16, as: UInt64.self)
        storage.storeBytes(of: firstSequence.littleEndian, toByteOffset: 24, as: UInt64.self)
        storage.storeBytes(of: commitSequence.littleEndian, toByteOffset: 32, as: UInt64.self)
        storage.storeBytes(of: wallTime.littleEndian, toByteOffset: 40, as: UInt64.self)
        storage.storeBytes(of: skip.littleEndian, toByteOffset: 48, as: UInt64.self)
        let crc = CRC32C.checksum(UnsafeRawBufferPointer(start: storage + 12, count: length - 12))
        storage.storeBytes(of: crc.littleEndian, toByteOffset: 8, as: UInt32.self)
        let batch = LogBatch(adopting: storage, length: length)
        capacity = BatchBuilder.initialCapacity
        storage = BatchBuilder.allocate(capacity)
        length = LogBatch.headerBytes
        count = 0
        skip = 0
        return batch
    }

    /// Forgets everything added so far.
    package mutating func discard() {
        length = LogBatch.headerBytes
        count = 0
        skip = 0
    }

    /// Bounded by what `admit` lets in; a process that is refused that much can't log writes any more, and what was
    /// evaluated before can't be taken back. The log has everything that was acknowledged.
    private mutating func grow(to needed: Int) {
        var size = capacity
        while size < needed { size *= 2 }
        guard let bigger = realloc(storage, size) else { fatalError("out of memory for a batch of \(size) bytes") }
        storage = bigger
        capacity = size
    }

    private static func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        guard let memory = malloc(size) else { fatalError("out of memory for a batch of \(size) bytes") }
        return memory
    }
}
