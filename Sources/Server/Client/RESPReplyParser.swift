/// Builds replies from bytes that arrive in pieces. Holds at most one unfinished reply, bounded by `ClientLimits`.
package struct RESPReplyParser: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0
    private var scanner = RESPFrameScanner()

    package init() {}

    /// Takes the bytes of one read; they are copied.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole reply, or nil until more bytes come. After an error the connection is beyond repair.
    package mutating func next() throws(ClientError) -> RESPReply? {
        let start = start
        var scanner = scanner
        // Typed throws don't pass through `withUnsafeBytes` on every toolchain we build with: carry a Result.
        let result = buffer.withUnsafeBytes { all -> Result<(RESPReply, Int)?, ClientError> in
            let bytes = UnsafeRawBufferPointer(rebasing: all[start...])
            do throws(ClientError) {
                guard let length = try scanner.scan(bytes) else { return .success(nil) }
                var builder = RESPReplyBuilder(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<length]))
                return .success((try builder.reply(depth: 0), length))
            } catch {
                return .failure(error)
            }
        }
        self.scanner = scanner
        guard let (reply, length) = try result.get() else { return nil }
        self.start += length
        return reply
    }
}

/// Builds one reply from a frame whose end the scanner has found, so that no length can point behind it.
private struct RESPReplyBuilder {
    let bytes: UnsafeRawBufferPointer
    var offset = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func reply(depth: Int) throws(ClientError) -> RESPReply {
        guard depth < ClientLimits.replyDepth else {
            throw ClientError(.badReply, "the reply is nested deeper than \(ClientLimits.replyDepth)")
        }
        let type = bytes[offset]
        let line = try line()
        switch type {
        case UInt8(ascii: "+"): return .simple(text(line))
        case UInt8(ascii: "-"): return .error(text(line))
        case UInt8(ascii: ":"):
            guard let number = RESPLine.integer(in: bytes, line) else {
                throw ClientError(.badReply, "an integer reply is no integer: `\(text(line))`")
            }
            return .integer(number)
        case UInt8(ascii: "_"): return .null
        case UInt8(ascii: "#"): return .boolean(text(line) == "t")
        case UInt8(ascii: ","):
            guard let number = Double(text(line)) else {
                throw ClientError(.badReply, "a double reply is no number: `\(text(line))`")
            }
            return .double(number)
        case UInt8(ascii: "("): return .bulk(Array(bytes[line]))
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"): return try string(type, line)
        default: return try aggregate(type, line, depth: depth)
        }
    }

    private mutating func string(_ type: UInt8, _ line: Range<Int>) throws(ClientError) -> RESPReply {
        let length = try RESPLine.length(in: bytes, line)
        guard length >= 0 else { return .null }
        var contents = offset..<offset + length
        guard bytes[contents.upperBound] == 13, bytes[contents.upperBound + 1] == 10 else {
            throw ClientError(.badReply, "a string in the reply does not end where its length says")
        }
        offset = contents.upperBound + 2
        if type == UInt8(ascii: "!") { return .error(text(contents)) }
        // A verbatim string names its format in four bytes: `txt:`.
        if type == UInt8(ascii: "="), length >= 4 { contents = contents.lowerBound + 4..<contents.upperBound }
        return .bulk(Array(bytes[contents]))
    }

    private mutating func aggregate(_ type: UInt8, _ line: Range<Int>, depth: Int) throws(ClientError) -> RESPReply {
        let count = try RESPLine.length(in: bytes, line)
        guard count >= 0 else { return .null }
        let isMap = type == UInt8(ascii: "%")
        var elements: [RESPReply] = []
        elements.reserveCapacity(isMap ? count * 2 : count)
        for _ in 0..<(isMap ? count * 2 : count) { elements.append(try reply(depth: depth + 1)) }
        return isMap ? .map(elements) : .array(elements)
    }

    /// The header line at the offset; the offset moves behind it.
    private mutating func line() throws(ClientError) -> Range<Int> {
        guard let end = try RESPLine.end(in: bytes, from: offset + 1) else {
            throw ClientError(.badReply, "a line of the reply has no end")
        }
        let line = offset + 1..<end
        offset = end + 2
        return line
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }
}
