/// CRC16 with polynomial 0x1021 and initial value 0 (XMODEM), eight bytes a step.
package enum CRC16 {
    /// The checksum of `bytes`, read only during the call.
    package static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt16 {
        guard let base = bytes.baseAddress else { return 0 }
        return checksumAndBrace(of: base, count: bytes.count).checksum
    }

    /// The checksum, and whether a `{` occurs. Looking for the brace in the same pass costs three operations for eight
    /// bytes; nearly all keys have none and are done then.
    package static func checksumAndBrace(
        of base: UnsafeRawPointer,
        count: Int
    ) -> (checksum: UInt16, hasBrace: Bool) {
        tables.withUnsafeBufferPointer { tables in
            guard let tables = tables.baseAddress else { return (0, false) }
            return checksumAndBrace(of: base, count: count, tables: tables)
        }
    }

    @inline(__always)
    private static func checksumAndBrace(
        of base: UnsafeRawPointer,
        count: Int,
        tables: UnsafePointer<UInt16>
    ) -> (checksum: UInt16, hasBrace: Bool) {
        var crc: UInt16 = 0
        var braces: UInt64 = 0
        var offset = 0
        while offset &+ 8 <= count {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            braces |= zeroBytes(word ^ 0x7B7B_7B7B_7B7B_7B7B)
            let mixed = word ^ UInt64(crc.byteSwapped)
            let high = lookUp(tables, 7, mixed) ^ lookUp(tables, 6, mixed &>> 8)
            let middleHigh = lookUp(tables, 5, mixed &>> 16) ^ lookUp(tables, 4, mixed &>> 24)
            let middleLow = lookUp(tables, 3, mixed &>> 32) ^ lookUp(tables, 2, mixed &>> 40)
            let low = lookUp(tables, 1, mixed &>> 48) ^ lookUp(tables, 0, mixed &>> 56)
            crc = (high ^ middleHigh) ^ (middleLow ^ low)
            offset &+= 8
        }
        if offset &+ 4 <= count {
            let word = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            // The upper half is filled with ones, which are no braces.
            braces |= zeroBytes((UInt64(word) | 0xFFFF_FFFF_0000_0000) ^ 0x7B7B_7B7B_7B7B_7B7B)
            let mixed = UInt64(word ^ UInt32(crc.byteSwapped))
            let high = lookUp(tables, 3, mixed) ^ lookUp(tables, 2, mixed &>> 8)
            crc = high ^ (lookUp(tables, 1, mixed &>> 16) ^ lookUp(tables, 0, mixed &>> 24))
            offset &+= 4
        }
        while offset < count {
            let byte = base.load(fromByteOffset: offset, as: UInt8.self)
            if byte == UInt8(ascii: "{") { braces = 1 }
            crc = (crc &<< 8) ^ tables[Int(UInt8(truncatingIfNeeded: crc &>> 8) ^ byte)]
            offset &+= 1
        }
        return (crc, braces != 0)
    }

    @inline(__always)
    private static func lookUp(_ tables: UnsafePointer<UInt16>, _ table: Int, _ word: UInt64) -> UInt16 {
        tables[table &* 256 &+ Int(UInt8(truncatingIfNeeded: word))]
    }

    /// Not zero exactly when a byte of `word` is zero.
    @inline(__always)
    private static func zeroBytes(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }
}
