import Model

/// What an engine keeps under a key: flags (1 byte), version (8), expiry (8), all little endian; for a long key its
/// length (2) and bytes; then the value, or the length (8) of one that stands apart.
struct EngineRecord {
    static let headerBytes = 17
    /// Set in the stored flags when the whole key stands between header and value.
    static let longKeyFlag: UInt8 = 0x80
    /// Set in the stored flags when the value stands apart from its key: only its length is here.
    static let apartFlag: UInt8 = 0x40
    static let apartLengthBytes = 8
    /// The largest head: header, length and the longest key.
    static let headBytesMax = headerBytes + 2 + StorageLimits.keyBytesMax

    private static let versionAt = 1
    private static let expiryAt = 9

    /// The whole key if it was too long to be stored inline.
    let longKey: UnsafeRawBufferPointer?
    /// Without bytes if the value stands apart.
    let value: StoredValue
    /// The length of a value that stands apart.
    let apartLength: Int?

    /// The value's length, wherever it is.
    var length: Int { apartLength ?? value.bytes.count }

    /// Reads a record; nil if it is too short to be one. Nothing is copied.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.headerBytes else { return nil }
        let flags = bytes[0]
        var bodyAt = Self.headerBytes
        if flags & Self.longKeyFlag != 0 {
            guard bytes.count >= bodyAt + 2 else { return nil }
            let length = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: bodyAt, as: UInt16.self)))
            bodyAt += 2
            guard bytes.count >= bodyAt + length else { return nil }
            longKey = UnsafeRawBufferPointer(rebasing: bytes[bodyAt..<(bodyAt + length)])
            bodyAt += length
        } else {
            longKey = nil
        }
        var body = UnsafeRawBufferPointer(rebasing: bytes[bodyAt...])
        if flags & Self.apartFlag != 0 {
            guard body.count == Self.apartLengthBytes else { return nil }
            apartLength = Int(clamping: UInt64(littleEndian: body.loadUnaligned(as: UInt64.self)))
            body = UnsafeRawBufferPointer(start: nil, count: 0)
        } else {
            apartLength = nil
        }
        value = StoredValue(
            version: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: Self.versionAt, as: UInt64.self)),
            expiry: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: Self.expiryAt, as: UInt64.self)),
            flags: flags & ~(Self.longKeyFlag | Self.apartFlag),
            bytes: body
        )
    }

    /// Bytes in front of the value.
    static func headBytes(key: UnsafeRawBufferPointer) -> Int {
        EngineKey.isLong(key) ? headerBytes + 2 + key.count : headerBytes
    }

    /// Writes everything in front of the value.
    /// - Parameter target: room for `headBytes(key:)` bytes.
    static func encodeHead(
        of value: StoredValue,
        key: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) {
        let long = EngineKey.isLong(key)
        target[0] = value.flags & ~(longKeyFlag | apartFlag) | (long ? longKeyFlag : 0)
        target.storeBytes(of: value.version.littleEndian, toByteOffset: versionAt, as: UInt64.self)
        target.storeBytes(of: value.expiry.littleEndian, toByteOffset: expiryAt, as: UInt64.self)
        guard long else { return }
        target.storeBytes(of: UInt16(key.count).littleEndian, toByteOffset: headerBytes, as: UInt16.self)
        UnsafeMutableRawBufferPointer(rebasing: target[(headerBytes + 2)...]).copyMemory(from: key)
    }
}
