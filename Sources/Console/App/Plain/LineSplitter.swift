/// Takes the bytes of an input apart into lines. Holds one line at most, and of one that is too long nothing. Pure.
package struct LineSplitter: Sendable {
    package enum Line: Hashable, Sendable {
        case text(String)
        /// More bytes than a line may have; they are gone.
        case tooLong
        /// Bytes that are no UTF-8: taken as text, others would be stored than were sent.
        case notText
    }

    /// More than a command with the longest key and a value worth typing.
    package static let lineBytesMax = 64 << 10

    private var pending: [UInt8] = []
    private var isTooLong = false
    /// What was added and not looked at yet.
    private var rest: ArraySlice<UInt8> = []

    package init() {}

    /// Bytes that are kept.
    package var heldBytes: Int { pending.count + rest.count }

    /// Adds bytes; only when `next` has no more lines, so that no more than these are held beside the line.
    package mutating func add(_ bytes: ArraySlice<UInt8>) { rest = rest.isEmpty ? bytes : rest + bytes }

    /// The next whole line, without its end.
    package mutating func next() -> Line? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            keep(rest)
            rest = []
            return nil
        }
        keep(rest[..<end])
        rest = rest[(end + 1)...]
        return take()
    }

    /// What stands behind the last line's end, when nothing follows any more.
    package mutating func last() -> Line? { pending.isEmpty && !isTooLong ? nil : take() }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        guard !isTooLong else { return }
        if pending.count + bytes.count > Self.lineBytesMax {
            isTooLong = true
            pending = []
        } else {
            pending += bytes
        }
    }

    private mutating func take() -> Line {
        defer {
            pending = []
            isTooLong = false
        }
        if isTooLong { return .tooLong }
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        return String(validating: pending, as: UTF8.self).map(Line.text) ?? .notText
    }
}
