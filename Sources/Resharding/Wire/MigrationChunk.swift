import Routing
import Storage

/// One key on its way to another shard, or its end. Key and value are borrowed for the length of a call.
///
/// Beside what a snapshot has of a key (`SnapshotEntry`) it can be a delete: log is shipped in the same form as what is
/// copied, so a target has one way of taking it in.
package struct MigrationEntry {
    package enum Kind: UInt8, Sendable {
        case put = 1
        case delete = 2
    }

    package static let headerBytes = 28

    package var kind: Kind
    package var slot: UInt16
    /// The source's sequence of the write: the key's version there and from now on.
    package var version: UInt64
    /// Absolute expiry in milliseconds since 1970, 0 for never.
    package var expiry: UInt64
    package var flags: UInt8
    package var key: UnsafeRawBufferPointer
    /// Empty for a delete.
    package var value: UnsafeRawBufferPointer

    package init(
        kind: Kind,
        slot: UInt16,
        version: UInt64,
        expiry: UInt64 = 0,
        flags: UInt8 = 0,
        key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) {
        self.kind = kind
        self.slot = slot
        self.version = version
        self.expiry = expiry
        self.flags = flags
        self.key = key
        self.value = value
    }

    /// Bytes it takes in a chunk.
    package var encodedBytes: Int { MigrationEntry.headerBytes + key.count + value.count }

    /// Reads the entry at `offset`; nil when it does not fit or makes no sense.
    static func decode(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> MigrationEntry? {
        guard offset >= 0, bytes.count - offset >= headerBytes, let kind = Kind(rawValue: bytes[offset]) else {
            return nil
        }
        let slot = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self))
        let keyCount = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)))
        let valueCount = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self)))
        let version = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt64.self))
        let expiry = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 20, as: UInt64.self))
        let start = offset + headerBytes
        guard slot < StorageLimits.slotCount, (1...StorageLimits.keyBytesMax).contains(keyCount),
            valueCount <= StorageLimits.valueBytesMax, bytes.count - start >= keyCount + valueCount,
            version > 0, version < ReshardingLimits.sequenceMax,
            kind == .put || valueCount == 0 && expiry == 0 && bytes[offset + 1] == 0
        else { return nil }
        return MigrationEntry(
            kind: kind,
            slot: slot,
            version: version,
            expiry: expiry,
            flags: bytes[offset + 1],
            key: UnsafeRawBufferPointer(rebasing: bytes[start..<start + keyCount]),
            value: UnsafeRawBufferPointer(rebasing: bytes[start + keyCount..<start + keyCount + valueCount])
        )
    }
}

/// Many entries, in order: count u32, then entries of `kind u8 · flags u8 · slot u16 · key length u32 · value length u32 ·
/// version u64 · expiry u64 · key · value`, little endian. Immutable.
package struct MigrationChunk: Sendable {
    /// A full chunk and one more entry of the largest size.
    static let bytesMax =
        ReshardingLimits.chunkBytes + MigrationEntry.headerBytes + StorageLimits.keyBytesMax
        + StorageLimits.valueBytesMax

    /// Checked when it was read: `count` entries fill it exactly.
    package let bytes: [UInt8]
    package let count: Int
    /// The highest version in it.
    package let versionMax: UInt64

    fileprivate init(bytes: [UInt8], count: Int, versionMax: UInt64) {
        self.bytes = bytes
        self.count = count
        self.versionMax = versionMax
    }

    /// Reads a peer's bytes, which are copied; nil when anything is wrong with them.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 4 else { return nil }
        let count = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        guard count > 0 else { return nil }
        var offset = 4
        var versionMax: UInt64 = 0
        for _ in 0..<count {
            guard let entry = MigrationEntry.decode(bytes, at: offset) else { return nil }
            versionMax = max(versionMax, entry.version)
            offset += entry.encodedBytes
        }
        guard offset == bytes.count else { return nil }
        self.init(bytes: [UInt8](bytes), count: count, versionMax: versionMax)
    }

    /// Calls `body` for every entry in order; its bytes live only inside the call.
    package func forEach<Failure: Error>(_ body: (MigrationEntry) throws(Failure) -> Void) throws(Failure) {
        var failure: Failure?
        bytes.withUnsafeBytes { bytes in
            var offset = 4
            while failure == nil, let entry = MigrationEntry.decode(bytes, at: offset) {
                do throws(Failure) { try body(entry) } catch { failure = error }
                offset += entry.encodedBytes
            }
        }
        if let failure { throw failure }
    }

    /// The first slot that is none of `slots`, or not the slot of its key; nil when all is as it should be.
    func stranger(to slots: SlotSet) -> UInt16? {
        bytes.withUnsafeBytes { bytes in
            var offset = 4
            while let entry = MigrationEntry.decode(bytes, at: offset) {
                guard slots.contains(entry.slot), KeySlot.slot(of: entry.key) == entry.slot else { return entry.slot }
                offset += entry.encodedBytes
            }
            return nil
        }
    }
}

/// A chunk in the making, at the source. Used by one thread.
package struct MigrationChunkBuilder {
    private var bytes: [UInt8] = [0, 0, 0, 0]
    private var count: UInt32 = 0
    private var versionMax: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Bytes so far.
    package var byteCount: Int { bytes.count }

    /// Whether it is time to send it.
    package var isFull: Bool { bytes.count >= ReshardingLimits.chunkBytes }

    /// Adds an entry; key and value are copied. Within the limits of `StorageLimits`, one entry always fits.
    package mutating func append(_ entry: MigrationEntry) {
        if count == 0 { bytes.reserveCapacity(ReshardingLimits.chunkBytes + entry.encodedBytes) }
        bytes.append(entry.kind.rawValue)
        bytes.append(entry.flags)
        bytes.appendLittleEndian(entry.slot)
        bytes.appendLittleEndian(UInt32(entry.key.count))
        bytes.appendLittleEndian(UInt32(entry.value.count))
        bytes.appendLittleEndian(entry.version)
        bytes.appendLittleEndian(entry.expiry)
        bytes.append(contentsOf: entry.key)
        bytes.append(contentsOf: entry.value)
        count += 1
        versionMax = max(versionMax, entry.version)
    }

    /// Gives the chunk away and starts anew; nil when there is nothing in it.
    package mutating func finish() -> MigrationChunk? {
        guard count > 0 else { return nil }
        withUnsafeBytes(of: count.littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
        let chunk = MigrationChunk(bytes: bytes, count: Int(count), versionMax: versionMax)
        self = MigrationChunkBuilder()
        return chunk
    }
}

extension [UInt8] {
    mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
