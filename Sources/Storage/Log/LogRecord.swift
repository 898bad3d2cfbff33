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
    }

    package static let headerBytes = 20

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
