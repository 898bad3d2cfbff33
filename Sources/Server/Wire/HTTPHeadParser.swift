import Glibc
import NIOCore

/// A complete head taken apart in one pass: request line, then each header field.
struct HTTPHeadParser {
    enum Framing {
        case none
        case length(Int)
        case chunked
    }

    private(set) var request: HTTPRequest
    private(set) var framing = Framing.none
    private(set) var expectsContinue = false
    var fields = HTTPHeaderFields()

    /// - Parameter head: everything up to and including the empty line, as found by the parser.
    init(_ head: ByteBuffer) throws(HTTPError) {
        request = HTTPRequest(head: head)
        var fields = HTTPHeaderFields()
        try head.withUnsafeReadableBytes { (bytes) throws(HTTPError) in
            var start = 0
            let line = try Self.line(bytes, &start)
            try fields.setRequestLine(bytes, line)
            while start < bytes.count {
                let line = try Self.line(bytes, &start)
                if !line.isEmpty { try fields.add(bytes, line) }
            }
        }
        self.fields = fields
        try finish()
    }

    /// The line at `start` without its end, and `start` moved after it.
    @inline(__always)
    private static func line(_ bytes: UnsafeRawBufferPointer, _ start: inout Int) throws(HTTPError) -> Range<Int> {
        guard let base = bytes.baseAddress, let hit = memchr(base + start, 10, bytes.count - start) else {
            throw .malformed("the head has no end")
        }
        let newline = UnsafeRawPointer(hit) - base
        let end = newline > start && bytes[newline - 1] == ASCII.carriageReturn ? newline - 1 : newline
        defer { start = newline + 1 }
        return start..<end
    }

    private mutating func finish() throws(HTTPError) {
        request.method = fields.method
        request.path = fields.path
        request.query = fields.query
        request.host = fields.authority.isAbsent ? fields.host : fields.authority
        request.origin = fields.origin
        request.ifMatch = fields.ifMatch
        request.ifNoneMatch = fields.ifNoneMatch
        request.contentType = fields.contentType
        request.upgrade = fields.upgrade
        request.accept = fields.accept
        request.fetchSite = fields.fetchSite
        request.wantsUpgrade = fields.connectionUpgrade
        if fields.isHTTP10 {
            request.connection = fields.connectionKeepAlive && !fields.connectionClose ? .keepAliveAnnounced : .close
        } else {
            guard !fields.host.isAbsent else { throw .malformed("an HTTP/1.1 request needs a Host header") }
            request.connection = fields.connectionClose ? .close : .keepAlive
        }
        try setFraming()
    }

    private mutating func setFraming() throws(HTTPError) {
        if fields.isChunked {
            guard fields.contentLength == nil else {
                throw .malformed("a request may have Content-Length or Transfer-Encoding, not both")
            }
            guard !fields.isHTTP10 else { throw .malformed("HTTP/1.0 has no Transfer-Encoding") }
            framing = .chunked
        } else if let length = fields.contentLength {
            guard length <= HTTPLimits.bodyMax else { throw .valueTooLarge }
            framing = .length(length)
        }
        expectsContinue = fields.expectsContinue && !fields.isHTTP10
    }
}
