import Model
import Server
import Testing

@Suite struct ClientRESPReplyTests {
    private static let stream: [(text: String, reply: RESPReply)] = [
        ("+OK\r\n", .simple("OK")),
        ("-MOVED 12 127.0.0.1:7000\r\n", .error("MOVED 12 127.0.0.1:7000")),
        (":-42\r\n", .integer(-42)),
        (":9223372036854775807\r\n", .integer(.max)),
        ("$5\r\na\r\nbc\r\n", .bulk(Array("a\r\nbc".utf8))),
        ("$0\r\n\r\n", .bulk([])),
        ("$-1\r\n", .null),
        ("_\r\n", .null),
        ("*-1\r\n", .null),
        ("*0\r\n", .array([])),
        ("*2\r\n$1\r\na\r\n*2\r\n:1\r\n+x\r\n", .array([.bulk([97]), .array([.integer(1), .simple("x")])])),
        ("%1\r\n+k\r\n#t\r\n", .map([.simple("k"), .boolean(true)])),
        (",1.5\r\n", .double(1.5)),
        ("=7\r\ntxt:abc\r\n", .bulk(Array("abc".utf8))),
        ("!5\r\nERR x\r\n", .error("ERR x")),
        (">1\r\n(123456789012345678901234567890\r\n", .array([.bulk(Array("123456789012345678901234567890".utf8))])),
    ]

    private func replies(_ pieces: [[UInt8]]) throws -> [RESPReply] {
        var parser = RESPReplyParser()
        var replies: [RESPReply] = []
        for piece in pieces {
            piece.withUnsafeBytes { parser.append($0) }
            while let reply = try parser.next() { replies.append(reply) }
        }
        return replies
    }

    @Test func splitAtEveryByteGivesTheSameReplies() throws {
        let bytes = Array(Self.stream.map(\.text).joined().utf8)
        let expected = Self.stream.map(\.reply)
        for cut in 0...bytes.count {
            #expect(try replies([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "cut at \(cut)")
        }
        #expect(try replies(bytes.map { [$0] }) == expected)
    }

    @Test func scannerFindsTheSameEnds() throws {
        for (text, _) in Self.stream {
            let bytes = Array((text + "+next\r\n").utf8)
            var scanner = RESPFrameScanner()
            for end in 0..<text.utf8.count {
                let length = try bytes[..<end].withUnsafeBytes { bytes in
                    Result { () throws(ClientError) in try scanner.scan(bytes) }
                }.get()
                #expect(length == nil, "\(text) at \(end)")
            }
            let length = try bytes.withUnsafeBytes { bytes in
                Result { () throws(ClientError) in try scanner.scan(bytes) }
            }.get()
            #expect(length == text.utf8.count)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\n", "$abc\r\n", "$-2\r\n", "$99999999999\r\n", "*99999999999999999999\r\n", ":12x\r\n",
        "$3\r\nabcdef\r\n", "*1\r\n$99999999\r\n", ",abc\r\n",
    ])
    func refusesWhatIsNoReply(_ text: String) {
        let error = #expect(throws: ClientError.self) { _ = try replies([Array(text.utf8)]) }
        #expect(error?.code == .badReply)
    }

    @Test func refusesDeepNesting() {
        let text = String(repeating: "*1\r\n", count: ClientLimits.replyDepth + 1) + ":1\r\n"
        #expect(throws: ClientError.self) { _ = try replies([Array(text.utf8)]) }
    }

    @Test func patternMatchesThePrefixLiterally() {
        #expect(ScanPattern.matching(prefix: Array("a*[b]?\\".utf8)) == Array("a\\*\\[b\\]\\?\\\\*".utf8))
        #expect(ScanPattern.matching(prefix: []) == Array("*".utf8))
    }

    @Test func redirectReadsAnEmptyHostAsTheAskedNode() throws {
        let node = NodeAddress(host: "127.0.0.1", port: 7001)
        let redirect = try #require(try Redirect(.error("MOVED 5 :7002"), askedNode: node))
        #expect("\(redirect.address)" == "127.0.0.1:7002")
        #expect(redirect.slot == 5)
        for text in ["MOVED 5 ::1:7002", "MOVED 5 [::1]:7002"] {
            let address = try #require(try Redirect(.error(text), askedNode: node)).address
            #expect(address == NodeAddress(host: "::1", port: 7002), "\(text)")
        }
        #expect(try Redirect(.error("ERR x"), askedNode: node) == nil)
        #expect(throws: ClientError.self) { _ = try Redirect(.error("MOVED x"), askedNode: node) }
    }
}
