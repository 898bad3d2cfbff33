import Model

/// One key of a snapshot. Key and value are borrowed from the chunk (or from the engine) for the length of a call.
package struct SnapshotEntry: ChunkEntry {
    package static let headerBytes = 27
    package static let chunkBytes = ReplicationLimits.snapshotChunkBytes

    /// Where an entry comes from. The engine is read in many short views, so the log since the first of them follows.
    package enum Kind: UInt8, Sendable {
        /// The engine: each key once.
        case copied = 0
        /// The log: may replace what was copied.
        case written = 0x80
        /// The log: the key is gone.
        case deleted = 0xC0
    }

    private static let kindMask: UInt8 = 0xC0

    package var kind: Kind
    package var slot: UInt16
    /// Sequence of the write that set the key.
    package var version: UInt64
    /// Absolute expiry in milliseconds since 1970, 0 for never.
    package var expiry: UInt64
    package var flags: UInt8
    package var key: UnsafeRawBufferPointer
    package var value: UnsafeRawBufferPointer

    package init(
        kind: Kind = .copied,
        slot: UInt16,
        version: UInt64,
        expiry: UInt64,
        flags: UInt8,
        key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer
    ) {
        self.kind = kind
        self.slot = slot
        self.version = version
        self.expiry = expiry
        self.flags = flags
        self.key = key
        self.value = value
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> SnapshotEntry? {
        guard offset >= 0, offset <= bytes.count else { return nil }
        var reader = WireReader(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        guard let slot = reader.integer(UInt16.self), slot < StorageLimits.slotCount,
            let keyLength = reader.integer(UInt32.self), let valueLength = reader.integer(UInt32.self),
            let version = reader.integer(UInt64.self), let expiry = reader.integer(UInt64.self),
            let flags = reader.integer(UInt8.self), let kind = Kind(rawValue: flags & Self.kindMask),
            (1...StorageLimits.keyBytesMax).contains(Int(keyLength)),
            valueLength <= StorageLimits.valueBytesMax, let key = reader.take(Int(keyLength)),
            let value = reader.take(Int(valueLength))
        else { return nil }
        return SnapshotEntry(
            kind: kind,
            slot: slot,
            version: version,
            expiry: expiry,
            flags: flags & ~Self.kindMask,
            key: key,
            value: value
        )
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.appendInteger(slot)
        bytes.appendInteger(UInt32(key.count))
        bytes.appendInteger(UInt32(value.count))
        bytes.appendInteger(version)
        bytes.appendInteger(expiry)
        bytes.append(flags | kind.rawValue)
        bytes.append(contentsOf: key)
        bytes.append(contentsOf: value)
    }
}

/// Many keys of a snapshot. Its entries are
/// `slot u16 · key length u32 · value length u32 · version u64 · expiry u64 · flags u8 · key · value`; the two highest bits
/// of the flags are the entry's kind.
package typealias SnapshotChunk = EntryChunk<SnapshotEntry>

/// A chunk in the making, on the leader; its bytes, after `PeerFrame.snapshotChunkHeader(length:)`, are a whole frame.
package typealias SnapshotChunkBuilder = EntryChunkBuilder<SnapshotEntry>

extension EntryChunk<SnapshotEntry> {
    /// Whether its entries come from the log. A chunk has entries of one origin, as its first one tells.
    package var isFromLog: Bool {
        var isFromLog = false
        walk { entry in
            isFromLog = entry.kind != .copied
            return false
        }
        return isFromLog
    }
}

extension EntryChunkBuilder<SnapshotEntry> {
    /// Gives the chunk away and starts anew.
    package mutating func finish() -> SnapshotChunk { takeChunk() }
}
