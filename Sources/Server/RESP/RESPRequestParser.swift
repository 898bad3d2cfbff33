/// Where the arguments of one command stand in the read buffer: offsets, no copies. Reused from command to command.
package struct ArgumentList: ~Copyable {
    private var ranges: UnsafeMutablePointer<(start: Int, count: Int)>
    private var capacity: Int
    package private(set) var count = 0

    package init() {
        capacity = 64
        ranges = .allocate(capacity: 64)
    }

    deinit { ranges.deallocate() }

    mutating func removeAll() { count = 0 }

    @inline(__always)
    mutating func append(start: Int, count length: Int) {
        if count == capacity { grow() }
        ranges[count] = (start, length)
        count += 1
    }

    /// The bytes of an argument; `buffer` is what was parsed.
    @inline(__always)
    package func bytes(_ index: Int, in buffer: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let range = ranges[index]
        return UnsafeRawBufferPointer(rebasing: buffer[range.start..<range.start + range.count])
    }

    private mutating func grow() {
        let bigger = UnsafeMutablePointer<(start: Int, count: Int)>.allocate(capacity: capacity * 2)
        bigger.moveInitialize(from: ranges, count: count)
        ranges.deallocate()
        ranges = bigger
        capacity *= 2
    }
}

/// Reads RESP requests: arrays of bulk strings, or inline commands as typed into telnet.
/// <https://redis.io/docs/latest/develop/reference/protocol-spec/>
package enum RESPRequestParser {
    package enum Outcome {
        /// One command; the next one starts at `end`. An empty line or array gives no arguments.
        case complete(end: Int)
        case incomplete
        /// The stream can't be understood from here on: answer and close.
        case broken(String)
        /// A line of another protocol: close, and execute nothing of it or behind it.
        case foreign
    }

    /// Arguments of one command, as in Redis.
    package static let argumentsMax = 1 << 20
    /// One command's bytes: an MSET of a few of the largest values.
    package static let commandBytesMax = 64 << 20
    /// Redis' own limit for an inline request.
    package static let inlineBytesMax = 64 << 10
    /// One argument: the largest value and a little, so that an oversized value can be refused in words.
    package static let argumentBytesMax = 32 << 20

    /// Reads one command from `start` on; `arguments` then holds where its words stand.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer,
        from start: Int,
        into arguments: inout ArgumentList
    ) -> Outcome {
        arguments.removeAll()
        guard start < bytes.count else { return .incomplete }
        if bytes[start] != UInt8(ascii: "*") { return parseInline(bytes, from: start, into: &arguments) }
        var offset = start + 1
        guard let count = parseNumber(bytes, &offset) else { return numberOutcome(bytes, offset, "multibulk") }
        guard count <= argumentsMax else { return .broken("Protocol error: invalid multibulk length") }
        if count <= 0 { return .complete(end: offset) }
        for _ in 0..<count {
            guard offset < bytes.count else { return .incomplete }
            guard bytes[offset] == UInt8(ascii: "$") else {
                return .broken("Protocol error: expected '$', got '\(printable(bytes[offset]))'")
            }
            offset += 1
            guard let length = parseNumber(bytes, &offset) else { return numberOutcome(bytes, offset, "bulk") }
            guard length >= 0, length <= argumentBytesMax, offset - start + length <= commandBytesMax else {
                return .broken("Protocol error: invalid bulk length")
            }
            guard bytes.count - offset >= length + 2 else { return .incomplete }
            arguments.append(start: offset, count: length)
            offset += length + 2
        }
        return .complete(end: offset)
    }

    /// Digits up to CRLF; nil when the line is not whole yet (`offset` then at the end) or no number.
    @inline(__always)
    private static func parseNumber(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> Int? {
        var value = 0
        var at = offset
        let isNegative = at < bytes.count && bytes[at] == UInt8(ascii: "-")
        if isNegative { at += 1 }
        let first = at
        while at < bytes.count {
            let digit = bytes[at] &- 48
            if digit > 9 { break }
            value = value &* 10 &+ Int(digit)
            at += 1
            if at - first > 10 {
                offset = at
                return nil
            }
        }
        guard at + 1 < bytes.count else {
            offset = bytes.count
            return nil
        }
        guard at > first, bytes[at] == 13, bytes[at + 1] == 10 else {
            offset = at
            return nil
        }
        offset = at + 2
        return isNegative ? -value : value
    }

    private static func numberOutcome(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ what: String) -> Outcome {
        offset >= bytes.count ? .incomplete : .broken("Protocol error: invalid \(what) length")
    }

    private static func parseInline(
        _ bytes: UnsafeRawBufferPointer,
        from start: Int,
        into arguments: inout ArgumentList
    ) -> Outcome {
        guard CrossProtocolGuard.canBegin(with: bytes[start]) else { return .foreign }
        var end = start
        while end < bytes.count, bytes[end] != 10 { end += 1 }
        guard end < bytes.count else {
            return end - start > inlineBytesMax ? .broken("Protocol error: too big inline request") : .incomplete
        }
        if CrossProtocolGuard.isForeign(line: UnsafeRawBufferPointer(rebasing: bytes[start..<end])) { return .foreign }
        let lineEnd = end > start && bytes[end - 1] == 13 ? end - 1 : end
        var at = start
        while at < lineEnd {
            while at < lineEnd, bytes[at] == 32 || bytes[at] == 9 { at += 1 }
            guard at < lineEnd else { break }
            var stop: Int
            if bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'") {
                let quote = bytes[at]
                at += 1
                stop = at
                while stop < lineEnd, bytes[stop] != quote {
                    // Arguments are ranges of what was read, so nothing can be unescaped; storing it as typed would be
                    // worse than refusing.
                    guard bytes[stop] != UInt8(ascii: "\\") else {
                        return .broken("Protocol error: escapes in inline requests are not supported")
                    }
                    stop += 1
                }
                let isClosed = stop + 1 >= lineEnd || bytes[stop + 1] == 32 || bytes[stop + 1] == 9
                guard stop < lineEnd, isClosed else {
                    return .broken("Protocol error: unbalanced quotes in request")
                }
                arguments.append(start: at, count: stop - at)
                at = stop + 1
                continue
            }
            stop = at
            while stop < lineEnd, bytes[stop] != 32, bytes[stop] != 9 {
                guard bytes[stop] != UInt8(ascii: "\""), bytes[stop] != UInt8(ascii: "'") else {
                    return .broken("Protocol error: unbalanced quotes in request")
                }
                stop += 1
            }
            arguments.append(start: at, count: stop - at)
            at = stop
        }
        return .complete(end: end + 1)
    }

    private static func printable(_ byte: UInt8) -> String {
        byte >= 32 && byte < 127 ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
    }
}
