import NIOCore

/// A request that can't be answered as asked: the status, and the body `{"error": {"code": …, "message": …}}`.
///
/// After an error thrown by `HTTPRequestParser` the connection's bytes make no sense any more: answer and close.
package struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The HTTP status, 400 to 599.
    package var status: Int
    /// A word for programs, in snake case.
    package var code: String
    /// One line for people.
    package var message: String
    /// The methods the path knows, for 405.
    package var allow: String?
    /// Seconds after which to try again, for 429 and 503.
    package var retryAfterSeconds: Int?

    package init(
        _ status: Int,
        _ code: String,
        _ message: String,
        allow: String? = nil,
        retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.allow = allow
        self.retryAfterSeconds = retryAfterSeconds
    }

    package var description: String { "\(status) \(code): \(message)" }

    /// The response's body.
    package var body: ByteBuffer {
        var body = ByteBuffer()
        body.writeStaticString("{\"error\": {\"code\": ")
        JSONText.writeString(code, into: &body)
        body.writeStaticString(", \"message\": ")
        JSONText.writeString(message, into: &body)
        body.writeStaticString("}}\n")
        return body
    }

    /// A request that breaks HTTP's grammar.
    static func malformed(_ message: String) -> HTTPError { HTTPError(400, "bad_request", message) }

    static let requestLineTooLong = HTTPError(
        414,
        "request_line_too_long",
        "the request line is over \(HTTPLimits.requestLineMax) bytes; send large values with PUT /kv/{key}"
    )
    static let headersTooLarge = HTTPError(
        431,
        "headers_too_large",
        "a request may have \(HTTPLimits.headersMax) header fields in \(HTTPLimits.headerBytesMax) bytes"
    )
    static let valueTooLarge = HTTPError(
        413,
        "value_too_large",
        "a value may have at most \(HTTPLimits.bodyMax) bytes; split it"
    )
    static let badPercentEncoding = HTTPError(
        400,
        "bad_percent_encoding",
        "a % must be followed by two hexadecimal digits; write a plain % as %25"
    )
}
