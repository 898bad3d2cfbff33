import Model
import TestSupport
import Testing

@Suite struct KeySlotTests {
    /// Bit by bit, straight from the definition.
    private func reference(_ bytes: [UInt8]) -> UInt16 {
        var crc: UInt16 = 0
        for byte in bytes {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 == 0 ? crc << 1 : (crc << 1) ^ 0x1021 }
        }
        return crc
    }

    @Test func knownChecksum() {
        let digits = Array("123456789".utf8)
        #expect(digits.withUnsafeBytes { CRC16.checksum(of: $0) } == 0x31C3)
    }

    @Test func everyLengthAgreesWithTheDefinition() {
        var random = SplitMix(seed: 1)
        for length in 0...70 {
            for _ in 0..<20 {
                let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                #expect(bytes.withUnsafeBytes { CRC16.checksum(of: $0) } == reference(bytes))
            }
        }
    }

    @Test func knownSlots() {
        #expect(KeySlot.slot(of: "foo") == 12182)
        #expect(KeySlot.slot(of: "bar") == 5061)
        #expect(KeySlot.slot(of: "hello") == 866)
        #expect(KeySlot.slot(of: "") == 0)
    }

    @Test(arguments: [
        ("{user1000}.following", "user1000"), ("{user1000}.followers", "user1000"), ("foo{bar}{zap}", "bar"),
        ("foo{{bar}}zap", "{bar"), ("a long key with its {tag} in it", "tag"), ("{x}", "x"), ("}{y}", "y"),
    ])
    func tagDecides(key: String, tag: String) {
        #expect(KeySlot.slot(of: key) == reference(Array(tag.utf8)) % 16384)
    }

    @Test(arguments: ["foo{}{bar}", "foo{bar", "foo}bar", "{}", "{", "}", "long enough without an end {tag", "}{"])
    func withoutTagTheWholeKeyDecides(key: String) {
        #expect(KeySlot.slot(of: key) == reference(Array(key.utf8)) % 16384)
    }

    @Test func aBraceIsFoundAtEveryPlace() {
        for length in 4...40 {
            for place in 0...(length - 3) {
                var key = [UInt8](repeating: 0x7A, count: length)
                key[place] = UInt8(ascii: "{")
                key[place + 2] = UInt8(ascii: "}")
                let slot = key.withUnsafeBytes { KeySlot.slot(of: $0) }
                #expect(slot == KeySlot.slot(of: "z"))
            }
        }
    }
}
