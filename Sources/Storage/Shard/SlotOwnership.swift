import Model

/// The slots that a shard owns according to its log, which is what its replicas go by: the slot map rules, and the log
/// follows it, record by record, so that a replica switches with its leader.
package struct SlotOwnership: Hashable, Sendable {
    package var slots: SlotSet
    /// The version of the slot map that this came from.
    package var mapVersion: UInt64

    package init(slots: SlotSet, mapVersion: UInt64) {
        self.slots = slots
        self.mapVersion = mapVersion
    }

    private static let headerBytes = 8
    private static let rangeBytes = 4
    /// Every other slot makes the most ranges.
    package static let encodedBytesMax = headerBytes + StorageLimits.slotCount / 2 * rangeBytes

    /// Map version (8 bytes), then first and last slot of each range (2 bytes each), little endian.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ value: UInt64, _ count: Int) {
            for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
        }
        append(mapVersion, SlotOwnership.headerBytes)
        for range in slots.ranges {
            append(UInt64(range.lowerBound), 2)
            append(UInt64(range.upperBound), 2)
        }
        return bytes
    }

    /// Nil when the bytes make no sense; they come from a disk or a peer.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= SlotOwnership.headerBytes,
            (bytes.count - SlotOwnership.headerBytes) % SlotOwnership.rangeBytes == 0
        else { return nil }
        mapVersion = LogBatch.field64(bytes, 0)
        slots = SlotSet()
        var previous = -1
        for offset in stride(from: SlotOwnership.headerBytes, to: bytes.count, by: SlotOwnership.rangeBytes) {
            let first = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            let last = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self))
            guard Int(first) > previous, last >= first, Int(last) < StorageLimits.slotCount else { return nil }
            slots.insert(first...last)
            previous = Int(last)
        }
    }
}

/// Where a shard's owned slots rest between starts: a file beside the engine, replaced as a whole, with the position of
/// the record that it is from. Written before the engine passes that record, so the log has whatever is newer.
struct OwnershipFile {
    let path: String

    /// Position (term, sequence: 8 bytes each), the slots as encoded, CRC32C of both (4 bytes), little endian.
    func read() throws(StorageError) -> (SlotOwnership, at: Position)? {
        guard let bytes = try SmallFile.read(path) else { return nil }
        let damage = StorageError(
            .corrupt,
            "\(path) is damaged: restore it, or start from an empty folder as a replica"
        )
        guard bytes.count > OwnershipFile.frameBytes else { throw damage }
        let found = bytes.withUnsafeBytes { bytes -> (SlotOwnership, Position)? in
            let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
            guard LogBatch.field32(bytes, body.count) == CRC32C.checksum(body),
                let ownership = SlotOwnership(UnsafeRawBufferPointer(rebasing: body[16...]))
            else { return nil }
            return (ownership, Position(term: LogBatch.field64(body, 0), sequence: LogBatch.field64(body, 8)))
        }
        guard let found else { throw damage }
        return (found.0, at: found.1)
    }

    func write(_ ownership: SlotOwnership, at position: Position) throws(StorageError) {
        var bytes: [UInt8] = []
        for value in [position.term, position.sequence] {
            for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
        }
        bytes += ownership.encoded
        let crc = bytes.withUnsafeBytes { CRC32C.checksum($0) }
        for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: crc >> (8 * UInt32(index)))) }
        try SmallFile.write(bytes, to: path)
    }

    /// Forgets it: the contents are replaced by a snapshot's.
    func remove() throws(StorageError) { try SmallFile.remove(path) }

    private static let frameBytes = 20
}
