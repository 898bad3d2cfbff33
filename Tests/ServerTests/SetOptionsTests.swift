import Server
import Testing

@Suite struct SetOptionsTests {
    private static let now: UInt64 = 1_000_000

    private func parse(_ text: String) -> Result<SetOptions, RESPFailure> {
        let words = ["SET", "key", "value"] + text.split(separator: " ").map(String.init)
        let bytes = words.map { Array($0.utf8) }
        let all = bytes.flatMap { $0 }
        return all.withUnsafeBytes { memory in
            SetOptions.parse(count: words.count, now: Self.now) { index in
                let start = bytes[..<index].reduce(0) { $0 + $1.count }
                return UnsafeRawBufferPointer(rebasing: memory[start..<start + bytes[index].count])
            }
        }
    }

    private func error(_ text: String) -> String? {
        if case .failure(let failure) = parse(text) { failure.text } else { nil }
    }

    @Test func everyOptionAlone() throws {
        #expect(try parse("nx").get().condition == .ifAbsent)
        #expect(try parse("XX").get().condition == .ifPresent)
        #expect(try parse("Get").get().returnsOldValue)
        #expect(try parse("keepttl").get().keepsExpiry)
        #expect(try parse("EX 10").get().expiry == Self.now + 10_000)
        #expect(try parse("px 10").get().expiry == Self.now + 10)
        #expect(try parse("EXAT 10").get().expiry == 10_000)
        #expect(try parse("PXAT 10").get().expiry == 10)
        let all = try parse("GET XX PX 5").get()
        #expect(all.returnsOldValue && all.condition == .ifPresent && all.expiry == Self.now + 5)
    }

    /// Recorded from Redis 7.0.15.
    @Test func optionsMayBeRepeatedButNotContradicted() throws {
        #expect(try parse("NX nx").get().condition == .ifAbsent)
        #expect(try parse("EX 10 EX 20").get().expiry == Self.now + 20_000)
        #expect(try parse("KEEPTTL KEEPTTL GET GET").get().keepsExpiry)
        for text in ["NX XX", "XX NX", "EX 10 PX 10", "EX 10 EXAT 10", "KEEPTTL EX 10", "PX 10 KEEPTTL", "EX", "nope"] {
            #expect(error(text) == "ERR syntax error", "\(text)")
        }
        #expect(error("EX abc NOPE") == "ERR syntax error")
        #expect(error("EX abc EX 10") == nil)
    }

    @Test func timesAreBounded() throws {
        for text in ["EX 0", "PX -1", "EXAT 0", "EX 9223372036854776", "PX 9223372036854775807"] {
            #expect(error(text) == "ERR invalid expire time in 'set' command", "\(text)")
        }
        for text in ["EX 1.5", "EX +1", "EX 01", "PX 9223372036854775808", "PX 99999999999999999999"] {
            #expect(error(text) == "ERR value is not an integer or out of range", "\(text)")
        }
        #expect(try parse("PXAT 9223372036854775807").get().expiry == UInt64(Int64.max))
    }
}
