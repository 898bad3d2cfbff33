/// A key's slot: CRC16 (XMODEM) of the key, or of its `{hash tag}`, modulo 16384, exactly as in Redis Cluster. A key's
/// slot never changes.
package enum KeySlot {
    /// `StorageLimits.slotCount` is a power of two, so the remainder is a mask.
    private static let mask = UInt16(StorageLimits.slotCount - 1)

    /// The slot of `key`. The bytes are only read during the call; any thread, no allocation.
    ///
    /// Tags as in Redis: what is between the first `{` and the first `}` after it, if that is not empty.
    @inline(__always)
    package static func slot(of key: UnsafeRawBufferPointer) -> UInt16 {
        guard let base = key.baseAddress else { return 0 }
        let whole = CRC16.checksumAndBrace(of: base, count: key.count)
        guard whole.hasBrace else { return whole.checksum & mask }
        return taggedSlot(of: key)
    }

    /// The slot of `key`'s UTF-8 bytes; for callers off the data path.
    package static func slot(of key: String) -> UInt16 {
        var key = key
        return key.withUTF8 { slot(of: UnsafeRawBufferPointer($0)) }
    }

    /// The part of `key` that decides its slot: its hash tag, or all of it. Borrows from `key`.
    package static func hashedPart(of key: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return key }
        let rest = UnsafeRawBufferPointer(rebasing: key[(open + 1)...])
        guard let length = rest.firstIndex(of: UInt8(ascii: "}")), length > 0 else { return key }
        return UnsafeRawBufferPointer(rebasing: rest[..<length])
    }

    @inline(never)
    private static func taggedSlot(of key: UnsafeRawBufferPointer) -> UInt16 {
        CRC16.checksum(of: hashedPart(of: key)) & mask
    }
}
