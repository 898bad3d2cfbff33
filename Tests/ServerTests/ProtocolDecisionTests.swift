import NIOCore
import Server
import Testing

@Suite struct ProtocolDecisionTests {
    /// The same, in however many pieces the bytes come; nothing before it can be known.
    @Test(arguments: [
        ("*1\r\n$4\r\nPING\r\n", ProtocolDecision.Outcome.resp, 1), ("PING\r\n", .resp, 6),
        ("GET /get?key=a HTTP/1.1\r\n", .http, 25), ("GET / HTTP/1.0\n", .http, 15), ("x HTTP/2\r\n", .resp, 10),
        ("\u{16}\u{3}\u{1}", .unknown, 1),
    ])
    func firstBytesDecide(text: String, outcome: ProtocolDecision.Outcome, count: Int) {
        var decision = ProtocolDecision()
        var input = ByteBuffer()
        #expect(decision.decide(input) == .open)
        for (index, byte) in text.utf8.enumerated() {
            input.writeInteger(byte)
            let isKnown = index + 1 >= count
            #expect(decision.decide(input) == (isKnown ? outcome : .open), "after \(index + 1) bytes of \(text)")
            if isKnown { return }
        }
    }

    @Test func aLineWithoutAnEndIsNothing() {
        var decision = ProtocolDecision()
        var input = ByteBuffer(repeating: UInt8(ascii: "a"), count: ProtocolDecision.firstLineMax)
        #expect(decision.decide(input) == .open)
        input.writeString("a")
        #expect(decision.decide(input) == .unknown)
    }
}
