import Crypto
import Model

/// How keys lie in an engine, the same for both: slot (2 bytes, big endian) and then the key.
///
/// LMDB takes at most 511 bytes of key, so a key over `StorageLimits.engineKeyInlineMax` bytes is stored as its first
/// 444 bytes, its SHA-256 and one mark byte, and the whole key stands in its record. The mark makes the stored form
/// longer than that of any inline key, so no chosen key can take a long key's place.
///
/// Order: inline keys sort by their bytes. A long key sorts by its first 444 bytes and, among keys that share these,
/// by its digest: stable, the same on every node, but not that of the bytes.
package enum EngineKey {
    static let slotBytes = 2
    static let digestBytes = 32
    static let longKeyMark: UInt8 = 0xFF
    /// The longest stored form.
    package static let storedBytesMax = slotBytes + StorageLimits.engineKeyPrefix + digestBytes + 1

    package static func isLong(_ key: UnsafeRawBufferPointer) -> Bool { key.count > StorageLimits.engineKeyInlineMax }

    /// Writes the stored form of a key.
    /// - Parameter target: room for `storedBytesMax` bytes.
    /// - Returns: the length written.
    package static func encode(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        target.storeBytes(of: slot.bigEndian, as: UInt16.self)
        let body = UnsafeMutableRawBufferPointer(rebasing: target[slotBytes...])
        guard isLong(key) else {
            body.copyMemory(from: key)
            return slotBytes + key.count
        }
        body.copyMemory(from: UnsafeRawBufferPointer(rebasing: key[..<StorageLimits.engineKeyPrefix]))
        var hash = SHA256()
        hash.update(bufferPointer: key)
        hash.finalize().withUnsafeBytes { digest in
            UnsafeMutableRawBufferPointer(rebasing: body[StorageLimits.engineKeyPrefix...]).copyMemory(from: digest)
        }
        body[StorageLimits.engineKeyPrefix + digestBytes] = longKeyMark
        return storedBytesMax
    }

    /// The slot of a stored key, nil when the bytes are too short for one.
    static func slot(of stored: UnsafeRawBufferPointer) -> UInt16? {
        guard stored.count >= slotBytes else { return nil }
        return UInt16(bigEndian: stored.loadUnaligned(as: UInt16.self))
    }

    /// The key after the slot: the whole key, unless the record carries a longer one.
    static func inlineKey(of stored: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: stored[slotBytes...])
    }
}

/// Memory for one stored key, laid out so that the key of its entry in the expiry index needs no second copy:
/// table byte, expiry, stored key. Owned by one thread at a time.
struct EngineKeyBuffer: ~Copyable {
    private static let tableAt = 7
    private static let expiryAt = 8
    private static let keyAt = 16
    static let expiryBytes = 8

    private let memory: UnsafeMutableRawBufferPointer
    private var keyLength = 0

    init() {
        memory = .allocate(byteCount: Self.keyAt + EngineKey.storedBytesMax, alignment: 16)
    }

    deinit { memory.deallocate() }

    /// Fills the buffer with the stored form of a key.
    mutating func encode(slot: UInt16, key: UnsafeRawBufferPointer) {
        keyLength = EngineKey.encode(
            slot: slot,
            key: key,
            into: UnsafeMutableRawBufferPointer(rebasing: memory[Self.keyAt...])
        )
    }

    /// Fills the buffer with a key already in stored form.
    mutating func copy(stored: UnsafeRawBufferPointer) {
        keyLength = min(stored.count, EngineKey.storedBytesMax)
        UnsafeMutableRawBufferPointer(rebasing: memory[Self.keyAt...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: stored[..<keyLength]))
    }

    /// The stored key; valid until the buffer changes.
    var key: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[Self.keyAt..<(Self.keyAt + keyLength)])
    }

    /// The key's entry in the expiry index: expiry (big endian, so that the soonest comes first) and stored key, with
    /// the table byte in front if one is given. Valid until the buffer changes.
    func expiryKey(_ expiry: UInt64, table: UInt8? = nil) -> UnsafeMutableRawBufferPointer {
        memory.storeBytes(of: expiry.bigEndian, toByteOffset: Self.expiryAt, as: UInt64.self)
        memory[Self.tableAt] = table ?? 0
        let start = table == nil ? Self.expiryAt : Self.tableAt
        return UnsafeMutableRawBufferPointer(rebasing: memory[start..<(Self.keyAt + keyLength)])
    }
}
