extension HTTPHeaderFields {
    /// Takes the request line: `METHOD target HTTP/1.x`, one space each.
    mutating func setRequestLine(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(HTTPError) {
        guard line.count <= HTTPLimits.requestLineMax else { throw .requestLineTooLong }
        var methodEnd = line.lowerBound
        while methodEnd < line.upperBound, bytes[methodEnd] &- 65 < 26 || bytes[methodEnd] == UInt8(ascii: "-") {
            methodEnd += 1
        }
        var target = methodEnd + 1
        var targetEnd = target
        var question = -1
        while targetEnd < line.upperBound, bytes[targetEnd] != ASCII.space {
            let byte = bytes[targetEnd]
            guard byte > 32, byte != 127 else { throw .malformed("the target contains a control character") }
            guard byte != UInt8(ascii: "#") else { throw .malformed("the target contains a #; write it as %23") }
            if byte == UInt8(ascii: "?"), question < 0 { question = targetEnd }
            targetEnd += 1
        }
        guard methodEnd > line.lowerBound, methodEnd < line.upperBound, bytes[methodEnd] == ASCII.space,
            targetEnd > target, targetEnd < line.upperBound
        else { throw .malformed("the first line must be METHOD target HTTP/1.1") }
        try setVersion(UnsafeRawBufferPointer(rebasing: bytes[(targetEnd + 1)..<line.upperBound]))
        method = Self.method(UnsafeRawBufferPointer(rebasing: bytes[line.lowerBound..<methodEnd]))
        if bytes[target] != UInt8(ascii: "/") {
            try skipAuthority(bytes, &target, min(targetEnd, question < 0 ? targetEnd : question))
        }
        path = Slice(target, question < 0 ? targetEnd : question)
        if question >= 0 { query = Slice(question + 1, targetEnd) }
    }

    private mutating func setVersion(_ version: UnsafeRawBufferPointer) throws(HTTPError) {
        guard version.count == 8, ASCII.equals(UnsafeRawBufferPointer(rebasing: version[0..<5]), "HTTP/"),
            version[5] &- 48 < 10, version[6] == UInt8(ascii: "."), version[7] &- 48 < 10
        else { throw .malformed("the first line must end in HTTP/1.0 or HTTP/1.1") }
        guard version[5] == UInt8(ascii: "1") else {
            throw HTTPError(505, "version_not_supported", "only HTTP/1.0 and HTTP/1.1 are spoken here")
        }
        isHTTP10 = version[7] == UInt8(ascii: "0")
    }

    /// Moves `target` from `http://host:port/path` to its path; `*` (OPTIONS) stays as it is.
    private mutating func skipAuthority(
        _ bytes: UnsafeRawBufferPointer,
        _ target: inout Int,
        _ end: Int
    ) throws(HTTPError) {
        let text = UnsafeRawBufferPointer(rebasing: bytes[target..<end])
        if ASCII.equals(text, "*") { return }
        guard text.count > 7, ASCII.matches(UnsafeRawBufferPointer(rebasing: text[0..<7]), "http://") else {
            throw .malformed("the target must begin with / or http://")
        }
        let start = target + 7
        target = start
        while target < end, bytes[target] != UInt8(ascii: "/") { target += 1 }
        guard target > start else { throw .malformed("the target has no host") }
        authority = Slice(start, target)
    }

    private static func method(_ name: UnsafeRawBufferPointer) -> HTTPRequest.Method {
        switch name.count {
        case 3 where ASCII.equals(name, "GET"): .get
        case 3 where ASCII.equals(name, "PUT"): .put
        case 4 where ASCII.equals(name, "POST"): .post
        case 4 where ASCII.equals(name, "HEAD"): .head
        case 6 where ASCII.equals(name, "DELETE"): .delete
        case 7 where ASCII.equals(name, "OPTIONS"): .options
        default: .other
        }
    }
}
