import CCRC32C

/// CRC32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where it has one.
package enum CRC32C {
    private static let hardware = shoal_crc32c_in_hardware() != 0

    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 { extend(0, bytes) }

    /// The checksum of what `crc` is the checksum of, and `bytes` after it.
    package static func extend(_ crc: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        if hardware { return ~shoal_crc32c_hardware(~crc, bytes.baseAddress, bytes.count) }
        return portable(bytes, after: crc)
    }

    /// The table form, for processors without the instruction; also the reference in the tests.
    package static func portable(_ bytes: UnsafeRawBufferPointer, after before: UInt32 = 0) -> UInt32 {
        var crc = ~before
        for byte in bytes { crc = table[Int((crc ^ UInt32(byte)) & 0xFF)] ^ (crc >> 8) }
        return ~crc
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
    }
}
