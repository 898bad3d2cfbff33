import Server
import Testing

@Suite struct HTTPResponseHeadTests {
    private func read<R>(_ text: String, _ body: (HTTPResponseHead?) throws -> R) throws -> R {
        try read(Array(text.utf8), body)
    }

    private func read<R>(_ bytes: [UInt8], _ body: (HTTPResponseHead?) throws -> R) throws -> R {
        try bytes.withUnsafeBytes { bytes in try body(try HTTPResponseHead.read(bytes)) }
    }

    private let text = "HTTP/1.1 307 Temporary Redirect\r\nLocation: \t http://a:1/get \r\ncontent-LENGTH: 12\r\n\r\n"

    @Test func fieldsAndLength() throws {
        try read(text + "body") { head in
            let head = try #require(head)
            #expect(head.status == 307 && head.length == text.utf8.count && head.allowsBody)
            #expect(head.value(of: "location") == "http://a:1/get" && head.value(of: "etag") == nil)
            #expect(try head.bodyLength() == 12)
            #expect(try head.allFields() == ["location": "http://a:1/get", "content-length": "12"])
        }
        try read("HTTP/1.1 204\r\n\r\n") { #expect($0?.status == 204 && $0?.allowsBody == false) }
    }

    /// A head that is not whole is waited for; what can't become one is refused with its first bytes.
    @Test func everyBeginning() throws {
        for count in 0..<text.utf8.count {
            try read(Array(text.utf8.prefix(count))) { #expect($0 == nil, "after \(count) bytes") }
        }
        for other in ["x", "HTTP/2", "+OK\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1\r\n\r\n"]
        {
            #expect(throws: ClientError.self, "\(other)") { try read(other) { _ in } }
        }
        #expect(throws: ClientError.self) {
            try read("HTTP/1.1 200 OK\r\n" + String(repeating: "a", count: ClientLimits.httpHeadBytes)) { _ in }
        }
    }

    @Test(arguments: ["Content-Length: x", "Content-Length: -1", "Transfer-Encoding: chunked"])
    func bodiesWithoutALength(field: String) throws {
        try read("HTTP/1.1 200 OK\r\n\(field)\r\n\r\n") { head in
            #expect(throws: ClientError.self) { try head?.bodyLength() }
        }
        try read("HTTP/1.1 200 OK\r\nno colon\r\n\r\n") { head in
            #expect(throws: ClientError.self) { try head?.allFields() }
        }
    }
}
