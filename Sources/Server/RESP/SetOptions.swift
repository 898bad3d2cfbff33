import Storage

/// The options of SET, SETEX and their kin: what to do with the expiry and under which condition.
struct SetOptions {
    enum Condition { case always, ifAbsent, ifPresent }

    var condition = Condition.always
    /// Absolute, milliseconds since 1970; 0 for none.
    var expiry: UInt64 = 0
    var keepsExpiry = false
    var returnsOldValue = false

    static let syntaxError = "ERR syntax error"

    /// Redis refuses times beyond what fits its own arithmetic; so do we.
    private static let expiryMax: UInt64 = 1 << 62

    enum Unit: Int64 {
        case seconds = 1000
        case milliseconds = 1
    }

    /// Turns a time argument into an absolute expiry.
    static func expiry(
        _ text: UnsafeRawBufferPointer,
        unit: Unit,
        isAbsolute: Bool,
        now: UInt64,
        command: String,
        allowsPast: Bool = false
    ) -> Result<UInt64, RESPFailure> {
        guard let number = RESPInteger.parse(text) else {
            return .failure(RESPFailure("ERR value is not an integer or out of range"))
        }
        let invalid = RESPFailure("ERR invalid expire time in '\(command)' command")
        let (scaled, overflow) = number.multipliedReportingOverflow(by: unit.rawValue)
        guard !overflow, allowsPast || number > 0 else { return .failure(invalid) }
        let (sum, sumOverflow) = isAbsolute ? (scaled, false) : scaled.addingReportingOverflow(Int64(clamping: now))
        guard !sumOverflow, sum < Int64(expiryMax) else { return .failure(invalid) }
        // 0 means "never" in storage; anything at or before the epoch is simply past.
        return .success(UInt64(max(1, sum)))
    }

    /// Reads the words behind `SET key value`.
    static func parse(
        count: Int,
        now: UInt64,
        argument: (Int) -> UnsafeRawBufferPointer
    ) -> Result<SetOptions, RESPFailure> {
        var options = SetOptions()
        var index = 3
        var hasExpiry = false
        while index < count {
            let word = String(decoding: argument(index), as: UTF8.self).uppercased()
            switch word {
            case "NX":
                guard options.condition == .always else { return .failure(RESPFailure(syntaxError)) }
                options.condition = .ifAbsent
            case "XX":
                guard options.condition == .always else { return .failure(RESPFailure(syntaxError)) }
                options.condition = .ifPresent
            case "GET": options.returnsOldValue = true
            case "KEEPTTL":
                guard !hasExpiry else { return .failure(RESPFailure(syntaxError)) }
                hasExpiry = true
                options.keepsExpiry = true
            case "EX", "PX", "EXAT", "PXAT":
                guard !hasExpiry, index + 1 < count else { return .failure(RESPFailure(syntaxError)) }
                hasExpiry = true
                index += 1
                let unit: Unit = word.hasPrefix("EX") ? .seconds : .milliseconds
                switch expiry(argument(index), unit: unit, isAbsolute: word.hasSuffix("AT"), now: now, command: "set") {
                case .success(let value): options.expiry = value
                case .failure(let failure): return .failure(failure)
                }
            default: return .failure(RESPFailure(syntaxError))
            }
            index += 1
        }
        return .success(options)
    }
}

/// An error reply, code word first.
struct RESPFailure: Error {
    let text: String

    init(_ text: String) { self.text = text }
}

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
