/// Reads RESP requests: arrays of bulk strings, or inline commands as typed into telnet.
/// <https://redis.io/docs/latest/develop/reference/protocol-spec/>
///
/// An unfinished command is read on from where its bytes ended, so that a command costs the same in however many packets
/// it comes. One parser reads one stream.
package struct RESPRequestParser {
    package enum Outcome {
        /// One command; the next one starts at `end`. An empty line or array gives no arguments.
        case complete(end: Int)
        case incomplete
        /// The stream can't be understood from here on: answer and close.
        case broken(String)
        /// A line of another protocol: close, and execute nothing of it or after it.
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

    /// Where to read on, and what is needed for that; offsets count from the command's first byte.
    private struct Pause {
        /// Where the command began in the buffer then; what its arguments' places count from.
        var start: Int
        var offset: Int
        /// Arguments still to come; nil while their number is not known.
        var missing: Int?
        /// With fewer bytes than this nothing can be read on.
        var bytesNeeded: Int
    }

    private var pause: Pause?
    /// Bytes looked at in commands that did not come in one piece; for tests.
    package private(set) var bytesExamined = 0

    package init() {}

    /// What was read of an unfinished command is forgotten; the next call reads from the command's first byte.
    mutating func startOver() { pause = nil }

    /// The whole command at `start`, which ends at `end`, stays in front: the next call says again that it is complete, with
    /// the list of arguments as it is.
    package mutating func keep(from start: Int, to end: Int) {
        pause = Pause(start: start, offset: end - start, missing: 0, bytesNeeded: end - start)
    }

    /// Reads the first words of a whole command, `max` at most; none of what is no command.
    package mutating func parseBeginning(
        _ bytes: UnsafeRawBufferPointer,
        from start: Int,
        max: Int,
        into arguments: inout ArgumentList
    ) {
        arguments.removeAll()
        guard start < bytes.count else { return }
        guard bytes[start] == UInt8(ascii: "*") else {
            _ = parseInline(bytes, start, searched: start, &arguments)
            return
        }
        var offset = start + 1
        guard let count = Self.parseNumber(bytes, &offset), count > 0 else { return }
        _ = parseArguments(bytes, start, offset, min(count, max), &arguments)
    }

    /// Reads one command from `start` on; `arguments` then holds where its words stand.
    /// - Parameters:
    ///   - bytes: after `incomplete` the same again and more, though they may have moved.
    ///   - arguments: after `incomplete` the same list, unchanged.
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer,
        from start: Int,
        into arguments: inout ArgumentList
    ) -> Outcome {
        var offset = start
        var missing: Int?
        if let pause {
            guard bytes.count - start >= pause.bytesNeeded else { return .incomplete }
            offset = start + pause.offset
            missing = pause.missing
            if start != pause.start { arguments.move(by: start - pause.start) }
            self.pause = nil
            if missing == 0 { return .complete(end: offset) }
        } else {
            arguments.removeAll()
        }
        guard offset < bytes.count else { return .incomplete }
        if bytes[start] != UInt8(ascii: "*") { return parseInline(bytes, start, searched: offset, &arguments) }
        if missing == nil {
            offset = start + 1
            guard let count = Self.parseNumber(bytes, &offset) else {
                if offset < bytes.count { return .broken("Protocol error: invalid multibulk length") }
                return wait(start, at: start, missing: nil, for: offset + 1, looked: offset - start)
            }
            guard count <= Self.argumentsMax else { return .broken("Protocol error: invalid multibulk length") }
            if count <= 0 { return .complete(end: offset) }
            missing = count
        }
        return parseArguments(bytes, start, offset, missing ?? 0, &arguments)
    }

    @inline(__always)
    private mutating func parseArguments(
        _ bytes: UnsafeRawBufferPointer,
        _ start: Int,
        _ from: Int,
        _ count: Int,
        _ arguments: inout ArgumentList
    ) -> Outcome {
        var offset = from
        var missing = count
        while missing > 0 {
            let head = offset
            guard head < bytes.count else {
                return wait(start, at: head, missing: missing, for: head + 1, looked: head - from)
            }
            guard bytes[head] == UInt8(ascii: "$") else {
                return .broken("Protocol error: expected '$', got '\(Self.printable(bytes[head]))'")
            }
            offset += 1
            guard let length = Self.parseNumber(bytes, &offset) else {
                if offset < bytes.count { return .broken("Protocol error: invalid bulk length") }
                return wait(start, at: head, missing: missing, for: offset + 1, looked: offset - from)
            }
            guard length >= 0, length <= Self.argumentBytesMax, offset - start + length <= Self.commandBytesMax else {
                return .broken("Protocol error: invalid bulk length")
            }
            let end = offset + length + 2
            guard bytes.count >= end else {
                return wait(start, at: head, missing: missing, for: end, looked: offset - from)
            }
            arguments.append(start: offset, count: length)
            offset = end
            missing -= 1
        }
        return .complete(end: offset)
    }

    /// - Parameters:
    ///   - at: where to read on.
    ///   - needed: the end of the bytes without which that is no use.
    ///   - looked: bytes read in this call.
    private mutating func wait(_ start: Int, at: Int, missing: Int?, for needed: Int, looked: Int) -> Outcome {
        pause = Pause(start: start, offset: at - start, missing: missing, bytesNeeded: needed - start)
        bytesExamined += looked
        return .incomplete
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

    /// - Parameter searched: no newline stands in front of this.
    private mutating func parseInline(
        _ bytes: UnsafeRawBufferPointer,
        _ start: Int,
        searched: Int,
        _ arguments: inout ArgumentList
    ) -> Outcome {
        guard CrossProtocolGuard.canBegin(with: bytes[start]) else { return .foreign }
        var end = searched
        while end < bytes.count, bytes[end] != 10 { end += 1 }
        guard end < bytes.count else {
            guard end - start <= Self.inlineBytesMax else { return .broken("Protocol error: too big inline request") }
            return wait(start, at: end, missing: nil, for: end + 1, looked: end - searched)
        }
        if CrossProtocolGuard.isForeign(line: UnsafeRawBufferPointer(rebasing: bytes[start..<end])) { return .foreign }
        let lineEnd = end > start && bytes[end - 1] == 13 ? end - 1 : end
        if let message = Self.splitLine(bytes, start..<lineEnd, &arguments) { return .broken(message) }
        return .complete(end: end + 1)
    }

    /// - Returns: what is wrong with the line.
    private static func splitLine(
        _ bytes: UnsafeRawBufferPointer,
        _ line: Range<Int>,
        _ arguments: inout ArgumentList
    ) -> String? {
        var at = line.lowerBound
        let lineEnd = line.upperBound
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
                        return "Protocol error: escapes in inline requests are not supported"
                    }
                    stop += 1
                }
                let isClosed = stop + 1 >= lineEnd || bytes[stop + 1] == 32 || bytes[stop + 1] == 9
                guard stop < lineEnd, isClosed else {
                    return "Protocol error: unbalanced quotes in request"
                }
                arguments.append(start: at, count: stop - at)
                at = stop + 1
                continue
            }
            stop = at
            while stop < lineEnd, bytes[stop] != 32, bytes[stop] != 9 {
                guard bytes[stop] != UInt8(ascii: "\""), bytes[stop] != UInt8(ascii: "'") else {
                    return "Protocol error: unbalanced quotes in request"
                }
                stop += 1
            }
            arguments.append(start: at, count: stop - at)
            at = stop
        }
        return nil
    }

    private static func printable(_ byte: UInt8) -> String {
        byte >= 32 && byte < 127 ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
    }
}
