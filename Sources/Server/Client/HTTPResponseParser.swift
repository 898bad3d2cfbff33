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

    /// A response to HEAD has the length of a body that does not follow.
    private let hasBody: Bool
    private var state = State.head
    private var buffer: [UInt8] = []

    init(method: String) { hasBody = method != "HEAD" }

    /// Takes the bytes of one read; returns the response once it is whole.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> HTTPFetchResponse? {
        buffer.append(contentsOf: bytes)
        if case .head = state {
            guard let length = try readHead() else { return nil }
            buffer.removeFirst(length)
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

    /// - Returns: the head's length; nil until it is whole.
    private mutating func readHead() throws(ClientError) -> Int? {
        let result = buffer.withUnsafeBytes { bytes -> Result<(State, Int)?, ClientError> in
            do throws(ClientError) {
                guard let head = try HTTPResponseHead.read(bytes) else { return .success(nil) }
                let response = HTTPFetchResponse(status: head.status, headers: try head.allFields(), body: [])
                let length = try head.bodyLength()
                return .success((.body(response, expected: hasBody && head.allowsBody ? length : 0), head.length))
            } catch {
                return .failure(error)
            }
        }
        guard let (next, length) = try result.get() else { return nil }
        state = next
        return length
    }
}
