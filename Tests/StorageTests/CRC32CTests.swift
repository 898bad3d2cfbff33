import Storage
import Testing

@Suite struct CRC32CTests {
    @Test func knownAnswersAndBothWaysAgree() {
        #expect(Array("123456789".utf8).withUnsafeBytes { CRC32C.checksum($0) } == 0xE306_9283)
        // RFC 3720, appendix B.4: 32 bytes of zeros.
        #expect([UInt8](repeating: 0, count: 32).withUnsafeBytes { CRC32C.checksum($0) } == 0x8A91_36AA)
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            #expect(bytes.withUnsafeBytes { CRC32C.checksum($0) == CRC32C.portable($0) })
        }
    }
}
