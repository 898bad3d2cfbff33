/// Integers as Redis reads them: an optional minus, digits, nothing else, 64 bits.
enum RESPInteger {
    static func parse(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes.count > 0, bytes.count <= 20 else { return nil }
        let isNegative = bytes[0] == UInt8(ascii: "-")
        let first = isNegative ? 1 : 0
        guard bytes.count > first else { return nil }
        if bytes[first] == UInt8(ascii: "0"), bytes.count > 1 { return nil }
        var value: Int64 = 0
        for index in first..<bytes.count {
            let digit = bytes[index] &- 48
            guard digit <= 9 else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) =
                isNegative
                ? scaled.subtractingReportingOverflow(Int64(digit)) : scaled.addingReportingOverflow(Int64(digit))
            if overflow || sumOverflow { return nil }
            value = sum
        }
        return value
    }
}
