import Storage

/// The options of SET, SETEX and their kin: what to do with the expiry and under which condition.
package struct SetOptions {
    package enum Condition: Sendable { case always, ifAbsent, ifPresent }

    package var condition = Condition.always
    /// Absolute, milliseconds since 1970; 0 for none.
    package var expiry: UInt64 = 0
    /// The present expiry stays.
    package var keepsExpiry = false
    /// The reply is the value before.
    package var returnsOldValue = false

    package static let syntaxError = "ERR syntax error"

    /// The unit of a time argument, in milliseconds.
    package enum Unit: Int64 {
        case seconds = 1000
        case milliseconds = 1
    }

    /// Turns a time argument into an absolute expiry.
    package static func expiry(
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
        guard !sumOverflow, allowsPast || sum > 0 else { return .failure(invalid) }
        // 0 means "never" in storage; anything at or before the epoch is simply past.
        return .success(UInt64(max(1, sum)))
    }

    /// Reads the words after `SET key value`. As in Redis, an option may be repeated (the last time counts) but not
    /// contradicted, and a bad word is told before a bad number.
    package static func parse(
        count: Int,
        now: UInt64,
        argument: (Int) -> UnsafeRawBufferPointer
    ) -> Result<SetOptions, RESPFailure> {
        var options = SetOptions()
        var index = 3
        var time: (word: String, index: Int)?
        while index < count {
            let word = String(decoding: argument(index), as: UTF8.self).uppercased()
            switch word {
            case "NX":
                guard options.condition != .ifPresent else { return .failure(RESPFailure(syntaxError)) }
                options.condition = .ifAbsent
            case "XX":
                guard options.condition != .ifAbsent else { return .failure(RESPFailure(syntaxError)) }
                options.condition = .ifPresent
            case "GET": options.returnsOldValue = true
            case "KEEPTTL":
                guard time == nil else { return .failure(RESPFailure(syntaxError)) }
                options.keepsExpiry = true
            case "EX", "PX", "EXAT", "PXAT":
                guard !options.keepsExpiry, time == nil || time?.word == word, index + 1 < count else {
                    return .failure(RESPFailure(syntaxError))
                }
                index += 1
                time = (word, index)
            default: return .failure(RESPFailure(syntaxError))
            }
            index += 1
        }
        guard let time else { return .success(options) }
        let unit: Unit = time.word.hasPrefix("EX") ? .seconds : .milliseconds
        let isAbsolute = time.word.hasSuffix("AT")
        return expiry(argument(time.index), unit: unit, isAbsolute: isAbsolute, now: now, command: "set").map {
            options.expiry = $0
            return options
        }
    }
}

/// An error reply, code word first.
package struct RESPFailure: Error {
    package let text: String

    init(_ text: String) { self.text = text }
}
