/// What is kept of a head while it is read: the request line's parts and the few header fields that matter.
struct HTTPHeaderFields {
    typealias Slice = HTTPRequest.Slice

    var method = HTTPRequest.Method.other
    var isHTTP10 = false
    var path = Slice()
    var query = Slice()
    /// The host of an absolute target, which goes before the header field.
    var authority = Slice()
    var host = Slice()
    var origin = Slice()
    var ifMatch = Slice()
    var ifNoneMatch = Slice()
    var contentType = Slice()
    var upgrade = Slice()
    var accept = Slice()
    var fetchSite = Slice()
    var contentLength: Int?
    var isChunked = false
    var expectsContinue = false
    var connectionClose = false
    var connectionKeepAlive = false
    var connectionUpgrade = false

    /// Takes one header line, without its end.
    mutating func add(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(HTTPError) {
        var colon = line.lowerBound
        while colon < line.upperBound, Self.isToken(bytes[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == ASCII.colon else {
            let first = bytes[line.lowerBound]
            throw first == ASCII.space || first == ASCII.tab
                ? .malformed("a header field may not be folded over several lines")
                : .malformed("a header line must be a name, a colon and a value, without space before the colon")
        }
        var start = colon + 1
        var end = line.upperBound
        while start < end, bytes[start] == ASCII.space || bytes[start] == ASCII.tab { start += 1 }
        while end > start, bytes[end - 1] == ASCII.space || bytes[end - 1] == ASCII.tab { end -= 1 }
        var isBad = false
        for index in start..<end {
            let byte = bytes[index]
            isBad = isBad || (byte < 32 && byte != ASCII.tab) || byte == 127
        }
        guard !isBad else { throw .malformed("a header value may not contain control characters") }
        let name = UnsafeRawBufferPointer(rebasing: bytes[line.lowerBound..<colon])
        try set(name, UnsafeRawBufferPointer(rebasing: bytes[start..<end]), Slice(start, end))
    }

    // The length tells nearly all names apart, so a field that doesn't matter costs one jump.
    private mutating func set(
        _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer,
        _ slice: Slice
    ) throws(HTTPError) {
        switch name.count {
        case 4 where ASCII.matches(name, "host"): try setOnce(&host, slice, "Host")
        case 6:
            if ASCII.matches(name, "accept") {
                accept = slice
            } else if ASCII.matches(name, "origin") {
                try setOnce(&origin, slice, "Origin")
            } else if ASCII.matches(name, "expect") {
                try setExpect(value)
            }
        case 7 where ASCII.matches(name, "upgrade"): upgrade = slice
        case 8 where ASCII.matches(name, "if-match"): try setOnce(&ifMatch, slice, "If-Match")
        case 10 where ASCII.matches(name, "connection"): setConnection(value)
        case 12 where ASCII.matches(name, "content-type"): try setOnce(&contentType, slice, "Content-Type")
        case 13 where ASCII.matches(name, "if-none-match"): try setOnce(&ifNoneMatch, slice, "If-None-Match")
        case 14:
            if ASCII.matches(name, "content-length") {
                try setContentLength(value)
            } else if ASCII.matches(name, "sec-fetch-site") {
                fetchSite = slice
            }
        case 17 where ASCII.matches(name, "transfer-encoding"): try setTransferEncoding(value)
        default: break
        }
    }

    private func setOnce(_ field: inout Slice, _ value: Slice, _ name: String) throws(HTTPError) {
        guard field.isAbsent else { throw .malformed("the header \(name) is there twice") }
        field = value
    }

    private mutating func setContentLength(_ value: UnsafeRawBufferPointer) throws(HTTPError) {
        guard let length = ASCII.decimal(value) else {
            // Digits only, just too many for a number: that is a large body, not a malformed one.
            guard !value.isEmpty, value.allSatisfy({ $0 &- 48 < 10 }) else {
                throw .malformed("Content-Length must be a number of bytes")
            }
            throw .valueTooLarge
        }
        guard contentLength == nil || contentLength == length else {
            throw .malformed("the request has two different Content-Length headers")
        }
        contentLength = length
    }

    private mutating func setTransferEncoding(_ value: UnsafeRawBufferPointer) throws(HTTPError) {
        guard !isChunked else { throw .malformed("the header Transfer-Encoding is there twice") }
        guard ASCII.matches(value, "chunked") else {
            throw HTTPError(501, "not_implemented", "of the transfer encodings only chunked is known here")
        }
        isChunked = true
    }

    private mutating func setExpect(_ value: UnsafeRawBufferPointer) throws(HTTPError) {
        guard ASCII.matches(value, "100-continue") else {
            throw HTTPError(417, "expectation_failed", "of the expectations only 100-continue is known here")
        }
        expectsContinue = true
    }

    private mutating func setConnection(_ value: UnsafeRawBufferPointer) {
        ASCII.forEachListElement(value) { token in
            if ASCII.matches(token, "close") {
                connectionClose = true
            } else if ASCII.matches(token, "keep-alive") {
                connectionKeepAlive = true
            } else if ASCII.matches(token, "upgrade") {
                connectionUpgrade = true
            }
        }
    }

    /// RFC 9110's token characters, as two 64-bit sets.
    @inline(__always)
    private static func isToken(_ byte: UInt8) -> Bool {
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        return byte < 64 ? low >> UInt64(byte) & 1 == 1 : byte < 128 && high >> UInt64(byte - 64) & 1 == 1
    }
}
