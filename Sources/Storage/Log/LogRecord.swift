/// One write in a batch of the commit log.
///
/// On disk and on the wire, little endian, without padding (docs/storage-format.md):
/// `kind u8 · flags u8 · slot u16 · key length u32 · value length u32 · expiry u64 · key · value`.
package struct LogRecord {
    package enum Kind: UInt8, Sendable {
        /// Sets a key.
        case put = 1
        /// Deletes a key.
        case delete = 2
        /// Deletes all keys from slot `slot` to the slot in the key field (two bytes, big endian).
        case clearSlots = 3
        /// A leader's first record of its term; carries nothing.
        case termStart = 4
        /// Sets a key that comes from another shard, with the version it has there: the value's first eight bytes, little
        /// endian. The shard does not own the slot yet.
        case importPut = 5
        /// The slots the shard owns from here on, all of them (`SlotOwnership`).
        case ownership = 6
        /// Carries nothing: its batch skips sequences, so that versions from here on are above another shard's.
        case jump = 7
    }

    /// In front of the value of an `importPut`.
    package static let importVersionBytes = 8

    package static let headerBytes = 20
    static let valueLengthAt = 8

    package var kind: Kind
    package var flags: UInt8
    package var slot: UInt16
    /// Absolute expiry in milliseconds since 1970, 0 for never.
    package var expiry: UInt64
    /// Borrowed from the batch.
    package var key: UnsafeRawBufferPointer
    /// Borrowed from the batch.
    package var value: UnsafeRawBufferPointer

    package init(
        kind: Kind,
        flags: UInt8 = 0,
        slot: UInt16,
        expiry: UInt64 = 0,
        key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) {
        self.kind = kind
        self.flags = flags
        self.slot = slot
        self.expiry = expiry
        self.key = key
        self.value = value
    }

    /// The value that readers get of a record that sets a key. Borrowed from the batch.
    @inline(__always)
    package var content: UnsafeRawBufferPointer {
        guard kind == .importPut, value.count >= LogRecord.importVersionBytes else { return value }
        return UnsafeRawBufferPointer(rebasing: value[LogRecord.importVersionBytes...])
    }

    /// The version of the value it sets: its own sequence, but for imports.
    @inline(__always)
    package func version(at sequence: UInt64) -> UInt64 {
        guard kind == .importPut, value.count >= LogRecord.importVersionBytes else { return sequence }
        return UInt64(littleEndian: value.loadUnaligned(as: UInt64.self))
    }

    /// Whether it sets or deletes one key.
    @inline(__always)
    package var changesKey: Bool { kind == .put || kind == .delete || kind == .importPut }

    /// Bytes the record takes in a batch.
    package var encodedBytes: Int { LogRecord.headerBytes + key.count + value.count }

    /// The last slot of a `clearSlots` record.
    package var lastSlot: UInt16 {
        key.count == 2 ? UInt16(key[0]) << 8 | UInt16(key[1]) : slot
    }

    /// Reads the record at `offset`; nil when it does not fit or makes no sense.
    @inline(__always)
    package static func decode(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> LogRecord? {
        guard offset >= 0, bytes.count - offset >= headerBytes, let base = bytes.baseAddress else { return nil }
        let at = base + offset
        guard let kind = Kind(rawValue: at.load(as: UInt8.self)) else { return nil }
        let keyLength = Int(UInt32(littleEndian: at.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        let valueLength = Int(UInt32(littleEndian: at.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        guard bytes.count - offset - headerBytes >= keyLength + valueLength else { return nil }
        return LogRecord(
            kind: kind,
            flags: at.load(fromByteOffset: 1, as: UInt8.self),
            slot: UInt16(littleEndian: at.loadUnaligned(fromByteOffset: 2, as: UInt16.self)),
            expiry: UInt64(littleEndian: at.loadUnaligned(fromByteOffset: 12, as: UInt64.self)),
            key: UnsafeRawBufferPointer(start: at + headerBytes, count: keyLength),
            value: UnsafeRawBufferPointer(start: at + headerBytes + keyLength, count: valueLength)
        )
    }

    /// Writes the record at `target`, which has room for `encodedBytes`.
    @inline(__always)
    package func encode(to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: kind.rawValue, as: UInt8.self)
        target.storeBytes(of: flags, toByteOffset: 1, as: UInt8.self)
        target.storeBytes(of: slot.littleEndian, toByteOffset: 2, as: UInt16.self)
        target.storeBytes(of: UInt32(key.count).littleEndian, toByteOffset: 4, as: UInt32.self)
        target.storeBytes(of: UInt32(value.count).littleEndian, toByteOffset: 8, as: UInt32.self)
        target.storeBytes(of: expiry.littleEndian, toByteOffset: 12, as: UInt64.self)
        if let base = key.baseAddress { (target + LogRecord.headerBytes).copyMemory(from: base, byteCount: key.count) }
        if let base = value.baseAddress {
            (target + LogRecord.headerBytes + key.count).copyMemory(from: base, byteCount: value.count)
        }
    }
}
