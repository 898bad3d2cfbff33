/// Finds the end of the next RESP reply without building it, and takes up where it stopped when more bytes come.
///
/// The load generator counts replies with this alone; the parser builds a reply once its end is known. Resuming
/// matters: a reply of many elements that arrives in small reads would otherwise be walked from its start each time.
package struct RESPFrameScanner: Sendable {
    /// Bytes of the reply walked so far.
    private var offset = 0
    /// Elements still to be walked until the reply is whole.
    private var pending = 1
    private var elements = 0

    package init() {}

    /// The length of the reply that starts at the first byte of `bytes`, or nil if its end is not there yet.
    ///
    /// Call again with the same bytes and more behind them after nil, with what follows the reply after a length.
    /// Throws `badReply` on bytes that are no RESP or beyond `ClientLimits`.
    package mutating func scan(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> Int? {
        while pending > 0 {
            guard offset < bytes.count else { return nil }
            guard let lineEnd = try RESPLine.end(in: bytes, from: offset + 1) else { return nil }
            try walk(type: bytes[offset], line: offset + 1..<lineEnd, in: bytes)
            guard offset <= ClientLimits.replyBytes, elements <= ClientLimits.replyElements else {
                throw ClientError(
                    .badReply,
                    "the reply is larger than \(ClientLimits.replyBytes) bytes or \(ClientLimits.replyElements) "
                        + "elements: ask for less at a time"
                )
            }
        }
        guard offset <= bytes.count else { return nil }
        let length = offset
        self = RESPFrameScanner()
        return length
    }

    /// Takes one header line; a string's contents are skipped, an aggregate's elements become pending.
    private mutating func walk(
        type: UInt8,
        line: Range<Int>,
        in bytes: UnsafeRawBufferPointer
    ) throws(ClientError) {
        let afterLine = line.upperBound + 2
        switch type {
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            let length = try RESPLine.length(in: bytes, line)
            offset = length < 0 ? afterLine : afterLine + length + 2
            pending -= 1
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"):
            let count = try RESPLine.length(in: bytes, line)
            offset = afterLine
            let children = max(count, 0) * (type == UInt8(ascii: "%") ? 2 : 1)
            pending += children - 1
            elements += children
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "#"),
            UInt8(ascii: ","), UInt8(ascii: "("):
            offset = afterLine
            pending -= 1
        default:
            throw ClientError(.badReply, "the answer is not RESP (it starts with byte \(type)): is this a Shoal node?")
        }
    }
}

/// Header lines of RESP.
enum RESPLine {
    /// Index of the CR that ends the line starting at `start`, or nil if it is not there yet.
    static func end(in bytes: UnsafeRawBufferPointer, from start: Int) throws(ClientError) -> Int? {
        var index = start
        let limit = min(bytes.count - 1, start + ClientLimits.replyLineBytes)
        while index < limit {
            if bytes[index] == 13, bytes[index + 1] == 10 { return index }
            index += 1
        }
        if index - start >= ClientLimits.replyLineBytes {
            throw ClientError(.badReply, "a line of the reply is over \(ClientLimits.replyLineBytes) bytes")
        }
        return nil
    }

    /// The length in a header line, -1 for null. Bounded, so that sums with it can't overflow.
    static func length(in bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(ClientError) -> Int {
        guard let number = integer(in: bytes, line), number >= -1, number <= ClientLimits.replyBytes else {
            throw ClientError(.badReply, "a length in the reply is no number up to \(ClientLimits.replyBytes)")
        }
        return number
    }

    static func integer(in bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> Int? {
        var index = line.lowerBound
        guard index < line.upperBound else { return nil }
        let negative = bytes[index] == UInt8(ascii: "-")
        if negative || bytes[index] == UInt8(ascii: "+") { index += 1 }
        guard index < line.upperBound else { return nil }
        var number = 0
        while index < line.upperBound {
            let digit = Int(bytes[index]) - 48
            guard (0...9).contains(digit) else { return nil }
            let (product, tooLarge) = number.multipliedReportingOverflow(by: 10)
            // Downwards, so that the smallest Int can be read.
            let (sum, overflow) = product.subtractingReportingOverflow(digit)
            guard !tooLarge, !overflow else { return nil }
            number = sum
            index += 1
        }
        guard !negative else { return number }
        return number == .min ? nil : -number
    }
}
