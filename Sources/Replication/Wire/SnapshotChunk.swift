import Storage

/// One key of a snapshot. Key and value are borrowed from the chunk (or from the engine) for the length of a call.
package struct SnapshotEntry {
    package static let headerBytes = 27

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

    init?(_ reader: inout WireReader) {
        guard let slot = reader.integer(UInt16.self), slot < StorageLimits.slotCount,
            let keyLength = reader.integer(UInt32.self), let valueLength = reader.integer(UInt32.self),
            let version = reader.integer(UInt64.self), let expiry = reader.integer(UInt64.self),
            let flags = reader.integer(UInt8.self), let kind = Kind(rawValue: flags & Self.kindMask),
            (1...StorageLimits.keyBytesMax).contains(Int(keyLength)),
            valueLength <= StorageLimits.valueBytesMax, let key = reader.take(Int(keyLength)),
            let value = reader.take(Int(valueLength))
        else { return nil }
        self.init(
            kind: kind,
            slot: slot,
            version: version,
            expiry: expiry,
            flags: flags & ~Self.kindMask,
            key: key,
            value: value
        )
    }
}

/// Many keys of a snapshot, independent of the engine: count u32, then entries of
/// `slot u16 · key length u32 · value length u32 · version u64 · expiry u64 · flags u8 · key · value`; the two highest bits
/// of the flags are the entry's kind.
package struct SnapshotChunk: Sendable {
    /// A full chunk and one more entry of the largest size.
    static let bytesMax =
        ReplicationLimits.snapshotChunkBytes + SnapshotEntry.headerBytes + StorageLimits.keyBytesMax
        + StorageLimits.valueBytesMax

    /// Checked when it was read: `count` entries fill it exactly.
    package let bytes: [UInt8]
    package let count: Int

    fileprivate init(bytes: [UInt8], count: Int) {
        self.bytes = bytes
        self.count = count
    }

    init?(_ reader: inout WireReader) {
        guard reader.offset == 0, let count = reader.integer(UInt32.self), count > 0 else { return nil }
        for _ in 0..<count {
            guard SnapshotEntry(&reader) != nil else { return nil }
        }
        self.init(bytes: [UInt8](reader.bytes), count: Int(count))
    }

    /// Whether its entries come from the log. A chunk has entries of one origin, as its first one tells.
    package var isFromLog: Bool {
        bytes.withUnsafeBytes { bytes in
            var reader = WireReader(bytes)
            _ = reader.integer(UInt32.self)
            return SnapshotEntry(&reader).map { $0.kind != .copied } ?? false
        }
    }

    /// Calls `body` once with all entries in order; their bytes live only inside the call.
    package func withEntries<R, Failure: Error>(_ body: ([SnapshotEntry]) throws(Failure) -> R) throws(Failure) -> R {
        let result = bytes.withUnsafeBytes { bytes -> Result<R, Failure> in
            var reader = WireReader(bytes)
            _ = reader.integer(UInt32.self)
            var entries: [SnapshotEntry] = []
            entries.reserveCapacity(count)
            while let entry = SnapshotEntry(&reader) { entries.append(entry) }
            do throws(Failure) { return .success(try body(entries)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Calls `body` for every entry in order.
    package func forEach<Failure: Error>(_ body: (SnapshotEntry) throws(Failure) -> Void) throws(Failure) {
        var failure: Failure?
        bytes.withUnsafeBytes { bytes in
            var reader = WireReader(bytes)
            _ = reader.integer(UInt32.self)
            while failure == nil, let entry = SnapshotEntry(&reader) {
                do throws(Failure) { try body(entry) } catch { failure = error }
            }
        }
        if let failure { throw failure }
    }
}

/// A chunk in the making, on the leader. Used by one thread.
package struct SnapshotChunkBuilder {
    /// The payload so far, behind `PeerFrame.snapshotChunkHeader(length:)` a whole frame.
    package private(set) var bytes: [UInt8] = [0, 0, 0, 0]
    package private(set) var count = 0

    package init() { bytes.reserveCapacity(ReplicationLimits.snapshotChunkBytes) }

    package var isEmpty: Bool { count == 0 }

    /// Whether it is time to send it.
    package var isFull: Bool { bytes.count >= ReplicationLimits.snapshotChunkBytes }

    /// Adds a key; key and value are copied. Within the limits of `StorageLimits`, one entry always fits.
    package mutating func append(_ entry: SnapshotEntry) {
        bytes.appendInteger(entry.slot)
        bytes.appendInteger(UInt32(entry.key.count))
        bytes.appendInteger(UInt32(entry.value.count))
        bytes.appendInteger(entry.version)
        bytes.appendInteger(entry.expiry)
        bytes.append(entry.flags | entry.kind.rawValue)
        bytes.append(contentsOf: entry.key)
        bytes.append(contentsOf: entry.value)
        count += 1
        withUnsafeBytes(of: UInt32(count).littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
    }

    /// Gives the chunk away and starts anew.
    package mutating func finish() -> SnapshotChunk {
        let chunk = SnapshotChunk(bytes: bytes, count: count)
        self = SnapshotChunkBuilder()
        return chunk
    }
}
