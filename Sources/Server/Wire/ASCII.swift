/// Bytes of the protocol, by name, and the comparisons a parser needs.
enum ASCII {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let colon = UInt8(ascii: ":")

    /// Equal but for the case of ASCII letters; `lowercase` must be lower case.
    @inline(__always)
    static func matches(_ bytes: UnsafeRawBufferPointer, _ lowercase: StaticString) -> Bool {
        guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
        let wanted = lowercase.utf8Start
        for index in 0..<bytes.count where lower(bytes[index]) != wanted[index] { return false }
        return true
    }

    /// Equal, case and all.
    @inline(__always)
    static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        let wanted = text.utf8Start
        for index in 0..<bytes.count where bytes[index] != wanted[index] { return false }
        return true
    }

    /// `lowercase` must be lower case.
    static func matches(_ bytes: UnsafeRawBufferPointer, _ lowercase: [UInt8]) -> Bool {
        guard bytes.count == lowercase.count else { return false }
        for index in 0..<bytes.count where lower(bytes[index]) != lowercase[index] { return false }
        return true
    }

    @inline(__always)
    static func lower(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 0x20 : byte }

    /// Without spaces and tabs at both ends.
    static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        var end = bytes.count
        while start < end, bytes[start] == space || bytes[start] == tab { start += 1 }
        while end > start, bytes[end - 1] == space || bytes[end - 1] == tab { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    /// Calls `body` with each element of a comma-separated list, trimmed; empty elements are skipped, as HTTP says.
    static func forEachListElement(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        for part in bytes.split(separator: UInt8(ascii: ",")) {
            let element = trimmed(UnsafeRawBufferPointer(rebasing: part))
            if !element.isEmpty { body(element) }
        }
    }

    /// A number of decimal digits only; nil for anything else and beyond Int64.
    static func decimal(_ bytes: some Sequence<UInt8>) -> Int? {
        var value: Int?
        for byte in bytes {
            guard byte &- 48 < 10 else { return nil }
            let (product, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte &- 48))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// The value of a hexadecimal digit, 255 for anything else.
    @inline(__always)
    static func hexadecimal(_ byte: UInt8) -> UInt8 {
        let digit = byte &- 48
        if digit < 10 { return digit }
        let letter = (byte | 0x20) &- 97
        return letter < 6 ? letter + 10 : 255
    }
}
