import NIOCore

/// What happens to the connection after a response, and whether the response has to say so.
package enum HTTPConnection: Sendable {
    /// HTTP/1.1's default: stays open, nothing is said.
    case keepAlive
    /// An HTTP/1.0 client asked to keep the connection: it stays open and the response says so.
    case keepAliveAnnounced
    /// The response says `Connection: close` and the connection is closed after it.
    case close
}

/// One parsed request: offsets into its head, which shares storage with the buffer it came from.
///
/// Drop it before the connection's buffer takes more bytes, or that buffer is copied once.
package struct HTTPRequest: Sendable {
    package enum Method: UInt8, Sendable { case get, head, put, post, delete, options, other }

    /// A range of bytes in `head`. Empty at offset 0 means that the field is absent.
    package struct Slice: Hashable, Sendable {
        package var start: UInt32 = 0
        package var end: UInt32 = 0

        init() {}
        init(_ start: Int, _ end: Int) {
            self.start = UInt32(truncatingIfNeeded: start)
            self.end = UInt32(truncatingIfNeeded: end)
        }

        /// Absent, which is not the same as present and empty.
        package var isAbsent: Bool { end == 0 }
        package var count: Int { Int(end - start) }
    }

    package var method: Method = .other
    package var connection: HTTPConnection = .keepAlive
    /// `Connection` has the token `upgrade`; `upgrade` says to what.
    package var wantsUpgrade = false
    /// The path as sent, still percent-encoded.
    package var path = Slice()
    /// The query as sent, without its `?`.
    package var query = Slice()
    /// From the target if that was absolute, else from the header field.
    package var host = Slice()
    package var origin = Slice()
    package var ifMatch = Slice()
    package var ifNoneMatch = Slice()
    package var contentType = Slice()
    package var upgrade = Slice()
    package var accept = Slice()
    /// Browsers say here whether another site made them send this, also where they send no `Origin`.
    package var fetchSite = Slice()
    /// Nil where the request has none; a body of length 0 is an empty buffer.
    package var body: ByteBuffer?
    var head: ByteBuffer

    init(head: ByteBuffer) { self.head = head }

    /// The connection stays open after the response.
    package var keepAlive: Bool {
        if case .close = connection { return false }
        return true
    }

    /// Lends a field's bytes (none if absent) for the duration of `body`.
    package func withBytes<R, E: Error>(
        _ slice: Slice,
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try head.withUnsafeReadableBytes { (bytes) throws(E) -> R in
            try body(UnsafeRawBufferPointer(rebasing: bytes[Int(slice.start)..<Int(slice.end)]))
        }
    }

    /// A field as text, for messages; bytes that aren't UTF-8 are replaced.
    package func text(_ slice: Slice) -> String { withBytes(slice) { String(decoding: $0, as: UTF8.self) } }
}
