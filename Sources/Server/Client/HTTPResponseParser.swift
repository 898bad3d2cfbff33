/// A whole HTTP response.
package struct HTTPFetchResponse: Hashable, Sendable {
    package var status: Int
    /// Names in lower case; of a field sent twice the last one.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(status: Int, headers: [String: String], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Reads one HTTP/1.1 response as our own nodes send it: a head, then `Content-Length` bytes (or until the end of the
/// connection when there is no such field). Chunked bodies are refused: no node sends them.
struct HTTPResponseParser {
    private enum State {
        case head
        case body(HTTPFetchResponse, expected: Int?)
    }

    private static let version = Array("HTTP/1.".utf8)
    private static let foreign = ClientError(.badReply, "the answer is not HTTP/1.1: is this a Shoal node?")

    /// A response to HEAD has the length of a body that does not follow.
    private let hasBody: Bool
    private var state = State.head
    private var buffer: [UInt8] = []

    init(method: String) { hasBody = method != "HEAD" }

    /// Takes the bytes of one read; returns the response once it is whole.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> HTTPFetchResponse? {
        buffer.append(contentsOf: bytes)
        if case .head = state {
            // At once: what speaks something else may never send what would be the end of a head.
            guard buffer.prefix(Self.version.count).elementsEqual(Self.version.prefix(buffer.count)) else {
                throw Self.foreign
            }
            guard let end = headEnd() else {
                guard buffer.count <= ClientLimits.httpHeadBytes else {
                    throw ClientError(.badReply, "the HTTP head is over \(ClientLimits.httpHeadBytes) bytes")
                }
                return nil
            }
            state = try parseHead(String(decoding: buffer[..<end], as: UTF8.self))
            buffer.removeFirst(end + 4)
        }
        guard buffer.count <= ClientLimits.httpBodyBytes else {
            throw ClientError(.badReply, "the HTTP body is over \(ClientLimits.httpBodyBytes) bytes")
        }
        guard case .body(let response, let expected?) = state, buffer.count >= expected else { return nil }
        return finished(response, Array(buffer[..<expected]))
    }

    /// The connection ended: that is the end of a body without a length, and of nothing else.
    func end() -> HTTPFetchResponse? {
        guard case .body(let response, nil) = state else { return nil }
        return finished(response, buffer)
    }

    private func finished(_ response: HTTPFetchResponse, _ body: [UInt8]) -> HTTPFetchResponse {
        HTTPFetchResponse(status: response.status, headers: response.headers, body: body)
    }

    private func headEnd() -> Int? {
        guard buffer.count >= 4 else { return nil }
        return (0...buffer.count - 4).first {
            buffer[$0] == 13 && buffer[$0 + 1] == 10 && buffer[$0 + 2] == 13 && buffer[$0 + 3] == 10
        }
    }

    private func parseHead(_ head: String) throws(ClientError) -> State {
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let statusLine = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard statusLine.count >= 2, let status = Int(statusLine[1]) else { throw Self.foreign }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else {
                throw ClientError(.badReply, "a line of the HTTP head has no colon")
            }
            headers[line[..<colon].lowercased()] = Self.trimmed(line[line.index(after: colon)...])
        }
        guard headers["transfer-encoding"] == nil else {
            throw ClientError(.badReply, "the answer is sent in chunks, which no Shoal node does")
        }
        let response = HTTPFetchResponse(status: status, headers: headers, body: [])
        guard hasBody, status != 204, status != 304 else { return .body(response, expected: 0) }
        guard let text = headers["content-length"] else { return .body(response, expected: nil) }
        guard let length = Int(text), (0...ClientLimits.httpBodyBytes).contains(length) else {
            throw ClientError(
                .badReply,
                "the Content-Length `\(text)` is no number up to \(ClientLimits.httpBodyBytes)"
            )
        }
        return .body(response, expected: length)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
