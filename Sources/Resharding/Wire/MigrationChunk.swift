import Model
import Replication

/// One key on its way to another shard, or its end. Key and value are borrowed for the length of a call.
///
/// Beside what a snapshot has of a key (`SnapshotEntry`) it can be a delete: log is shipped in the same form as what is
/// copied, so a target has one way of taking it in.
package struct MigrationEntry: ChunkEntry {
    package enum Kind: UInt8, Sendable {
        case put = 1
        case delete = 2
    }

    package static let headerBytes = 28
    package static let chunkBytes = ReshardingLimits.chunkBytes

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

    package static func decode(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> MigrationEntry? {
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

    package func append(to bytes: inout [UInt8]) {
        bytes.append(kind.rawValue)
        bytes.append(flags)
        bytes.appendInteger(slot)
        bytes.appendInteger(UInt32(key.count))
        bytes.appendInteger(UInt32(value.count))
        bytes.appendInteger(version)
        bytes.appendInteger(expiry)
        bytes.append(contentsOf: key)
        bytes.append(contentsOf: value)
    }
}

/// What moves, or a part of the log. Its entries are `kind u8 · flags u8 · slot u16 · key length u32 · value length u32 ·
/// version u64 · expiry u64 · key · value`.
package typealias MigrationChunk = EntryChunk<MigrationEntry>

/// A chunk in the making, at the source.
package typealias MigrationChunkBuilder = EntryChunkBuilder<MigrationEntry>

extension EntryChunk<MigrationEntry> {
    /// The first slot that is none of `slots`, or not the slot of its key; nil when all is as it should be.
    func stranger(to slots: SlotSet) -> UInt16? {
        var stranger: UInt16?
        walk { entry in
            if !slots.contains(entry.slot) || KeySlot.slot(of: entry.key) != entry.slot { stranger = entry.slot }
            return stranger == nil
        }
        return stranger
    }
}

extension EntryChunkBuilder<MigrationEntry> {
    /// Gives the chunk away and starts anew; nil when there is nothing in it.
    package mutating func finish() -> MigrationChunk? { isEmpty ? nil : takeChunk() }
}
