import NIOCore
import Server
import Testing

/// A small generator with a seed, so that a failure repeats.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct HTTPFuzzTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func randomBytes(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<2000 {
            var feed = HTTPFeed()
            feed.receive(
                (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            )
            for request in feed.requests { _ = try? HTTPEndpoint.route(request) }
        }
    }

    /// Good requests with a few bytes changed, cut at random places: what was cut never changes the outcome.
    @Test(arguments: [5, 6, 7, 8] as [UInt64]) func mutated(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for round in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes += [UInt8](try #require(HTTPRequestParserTests.good.randomElement(using: &random)).utf8)
            }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var whole = HTTPFeed()
            whole.receive(bytes)
            var pieces = HTTPFeed()
            var start = 0
            while start < bytes.count, pieces.error == nil {
                let end = min(bytes.count, start + Int.random(in: 1...40, using: &random))
                pieces.receive(bytes[start..<end])
                start = end
            }
            #expect(pieces.requests.map(HTTPSummary.init) == whole.requests.map(HTTPSummary.init), "round \(round)")
            #expect(pieces.error?.status == whole.error?.status, "round \(round)")
            let refusal = OriginCheck(allowed: ["127.0.0.2:8080"])
            for request in whole.requests {
                _ = refusal.refusal(request)
                _ = try? HTTPEndpoint.route(request)
            }
        }
    }

    @Test func percentCodingRoundTrip() throws {
        var random = SplitMix(state: 9)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let encoded = [UInt8](PercentCoding.encode(bytes).utf8)
            for plus in [true, false] {
                let decoded = try encoded.withUnsafeBytes { try PercentCoding.decode($0, plusIsSpace: plus) }
                #expect(decoded == bytes)
            }
        }
    }
}
