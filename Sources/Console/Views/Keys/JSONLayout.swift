/// Lays JSON out over lines, without changing a byte of its strings and numbers.
package struct JSONLayout {
    /// Deeper documents are no longer read by people, and a recursion needs an end on any input.
    private static let depthMax = 64

    private var rest: ArraySlice<UInt8>
    private var lines: [[UInt8]] = [[]]
    private var depth = 0

    /// The lines of a JSON document; nil if the bytes are none.
    package static func lines(of bytes: [UInt8]) -> [[UInt8]]? {
        var layout = JSONLayout(rest: bytes[...])
        guard layout.value() else { return nil }
        layout.skipSpace()
        return layout.rest.isEmpty ? layout.lines : nil
    }

    private init(rest: ArraySlice<UInt8>) { self.rest = rest }

    private mutating func skipSpace() { rest = rest.drop { [9, 10, 13, 32].contains($0) } }

    private mutating func write(_ bytes: some Sequence<UInt8>) { lines[lines.count - 1] += bytes }

    private mutating func newLine() { lines.append(Array(repeating: 32, count: depth * 2)) }

    private mutating func value() -> Bool {
        skipSpace()
        guard let first = rest.first else { return false }
        switch first {
        case UInt8(ascii: "{"): return list(closing: UInt8(ascii: "}"), hasNames: true)
        case UInt8(ascii: "["): return list(closing: UInt8(ascii: "]"), hasNames: false)
        case UInt8(ascii: "\""): return string()
        default: return word()
        }
    }

    private mutating func list(closing: UInt8, hasNames: Bool) -> Bool {
        guard depth < Self.depthMax, let opening = rest.popFirst() else { return false }
        write([opening])
        skipSpace()
        if rest.first == closing {
            rest.removeFirst()
            write([closing])
            return true
        }
        depth += 1
        while true {
            newLine()
            if hasNames {
                skipSpace()
                guard string() else { return false }
                skipSpace()
                guard rest.popFirst() == UInt8(ascii: ":") else { return false }
                write(": ".utf8)
            }
            guard value() else { return false }
            skipSpace()
            guard let next = rest.popFirst() else { return false }
            if next == UInt8(ascii: ",") {
                write([next])
                continue
            }
            depth -= 1
            newLine()
            write([next])
            return next == closing
        }
    }

    private mutating func string() -> Bool {
        guard rest.first == UInt8(ascii: "\"") else { return false }
        var end = rest.startIndex + 1
        while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
            guard rest[end] >= 0x20 else { return false }
            end += rest[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < rest.endIndex else { return false }
        write(rest[...end])
        rest = rest[(end + 1)...]
        return true
    }

    /// true, false, null and numbers.
    private mutating func word() -> Bool {
        let word = Array(rest.prefix { !",]} \t\r\n".utf8.contains($0) })
        guard ["true", "false", "null"].contains(where: { word.elementsEqual($0.utf8) }) || Self.isNumber(word) else {
            return false
        }
        write(word)
        rest = rest.dropFirst(word.count)
        return true
    }

    private static func isNumber(_ word: [UInt8]) -> Bool {
        let text = String(decoding: word, as: UTF8.self)
        guard word.allSatisfy("+-.eE0123456789".utf8.contains), let first = word.first, first != UInt8(ascii: "+")
        else { return false }
        return Double(text) != nil
    }
}
