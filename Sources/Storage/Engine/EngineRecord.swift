import Model

/// What an engine keeps under a key: flags (1 byte), version (8), expiry (8), checksum of the value (4), checksum of all else
/// (4), little endian; for a long key its length (2) and bytes; then the value, or the length (8) of one that stands apart.
/// Programs before engine format 3 wrote no checksums.
struct EngineRecord {
    static let headerBytes = 25
    private static let uncheckedHeaderBytes = 17
    /// Set in the stored flags when the whole key stands between header and value.
    static let longKeyFlag: UInt8 = 0x80
    /// Set in the stored flags when the value stands apart from its key: only its length is here.
    static let apartFlag: UInt8 = 0x40
    /// Set in the stored flags when there are checksums.
    static let checkedFlag: UInt8 = 0x20
    static let apartLengthBytes = 8
    /// The largest head: header, length and the longest key.
    static let headBytesMax = headerBytes + 2 + StorageLimits.keyBytesMax

    private static let storedFlags = longKeyFlag | apartFlag | checkedFlag
    private static let versionAt = 1
    private static let expiryAt = 9
    private static let valueChecksumAt = 17
    private static let headChecksumAt = 21

    /// Everything in front of the value.
    private let head: UnsafeRawBufferPointer
    /// The whole key if it was too long to be stored inline.
    let longKey: UnsafeRawBufferPointer?
    /// Without bytes if the value stands apart.
    let value: StoredValue
    /// The length of a value that stands apart.
    let apartLength: Int?

    /// The value's length, wherever it is.
    var length: Int { apartLength ?? value.bytes.count }

    /// Reads a record; nil if it is too short to be one. Nothing is copied, no checksum looked at.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let flags = bytes.first else { return nil }
        var bodyAt = flags & Self.checkedFlag != 0 ? Self.headerBytes : Self.uncheckedHeaderBytes
        guard bytes.count >= bodyAt else { return nil }
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
        head = UnsafeRawBufferPointer(rebasing: bytes[..<bodyAt])
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
            flags: flags & ~Self.storedFlags,
            bytes: body
        )
    }

    // MARK: Checksums

    /// Whether there are checksums.
    var isChecked: Bool { head[0] & Self.checkedFlag != 0 }

    /// What the value's checksum must be; nil where there is none.
    var valueChecksum: UInt32? { isChecked ? checksum(at: Self.valueChecksumAt) : nil }

    /// Whether key, version, expiry, length and the value's checksum are what was written.
    /// - Parameters:
    ///   - stored: the key under which the record was found.
    ///   - isStrict: all records of this engine have checksums: one without is damaged.
    @inline(__always)
    func hasSoundHead(stored: UnsafeRawBufferPointer, isStrict: Bool) -> Bool {
        guard isChecked else { return !isStrict }
        return Self.headChecksum(head, stored: stored, length: length) == checksum(at: Self.headChecksumAt)
    }

    /// Whether the value's bytes are what was written; those of one that stands apart are not looked at.
    @inline(__always)
    func hasSoundValue() -> Bool {
        guard apartLength == nil, let checksum = valueChecksum else { return true }
        return CRC32C.checksum(value.bytes) == checksum
    }

    private func checksum(at offset: Int) -> UInt32 {
        UInt32(littleEndian: head.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private static func headChecksum(
        _ head: UnsafeRawBufferPointer,
        stored: UnsafeRawBufferPointer,
        length: Int
    ) -> UInt32 {
        var crc = CRC32C.checksum(stored)
        crc = CRC32C.extend(crc, UnsafeRawBufferPointer(rebasing: head[..<headChecksumAt]))
        if head.count > headerBytes { crc = CRC32C.extend(crc, UnsafeRawBufferPointer(rebasing: head[headerBytes...])) }
        return withUnsafeBytes(of: UInt64(length).littleEndian) { CRC32C.extend(crc, $0) }
    }

    // MARK: Writing

    /// Bytes in front of the value.
    static func headBytes(key: UnsafeRawBufferPointer) -> Int {
        EngineKey.isLong(key) ? headerBytes + 2 + key.count : headerBytes
    }

    /// Writes everything in front of the value.
    /// - Parameters:
    ///   - stored: the key's stored form.
    ///   - isApart: only the value's length will follow.
    ///   - target: room for `headBytes(key:)` bytes.
    static func encodeHead(
        of value: StoredValue,
        key: UnsafeRawBufferPointer,
        stored: UnsafeRawBufferPointer,
        isApart: Bool = false,
        into target: UnsafeMutableRawBufferPointer
    ) {
        let long = EngineKey.isLong(key)
        target[0] =
            value.flags & ~storedFlags | (long ? longKeyFlag : 0) | (isApart ? apartFlag : 0) | checkedFlag
        target.storeBytes(of: value.version.littleEndian, toByteOffset: versionAt, as: UInt64.self)
        target.storeBytes(of: value.expiry.littleEndian, toByteOffset: expiryAt, as: UInt64.self)
        let checksum = CRC32C.checksum(value.bytes)
        target.storeBytes(of: checksum.littleEndian, toByteOffset: valueChecksumAt, as: UInt32.self)
        if long {
            target.storeBytes(of: UInt16(key.count).littleEndian, toByteOffset: headerBytes, as: UInt16.self)
            UnsafeMutableRawBufferPointer(rebasing: target[(headerBytes + 2)...]).copyMemory(from: key)
        }
        let head = UnsafeRawBufferPointer(rebasing: target[..<headBytes(key: key)])
        let headChecksum = headChecksum(head, stored: stored, length: value.bytes.count)
        target.storeBytes(of: headChecksum.littleEndian, toByteOffset: headChecksumAt, as: UInt32.self)
    }
}
