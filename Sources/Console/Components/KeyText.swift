import Terminal

/// Keys and values as text that can be typed: what is not plain text is an escape, a backslash is two. Unlike
/// `SafeText`, which is only looked at, this reads back to the same bytes.
package enum KeyText {
    /// `\\`, `\n`, `\r`, `\t`, `\x00` to `\xff`.
    package static func text(of bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return bytes.map { $0 < 0x80 ? escaped(Unicode.Scalar($0)) : SafeText.escape($0) }.joined()
        }
        return text.unicodeScalars.map(escaped).joined()
    }

    /// A key as it is shown and may be typed, so that there is one spelling for both. Unlike in the middle, a space at an end
    /// would not be seen. Of more than `limit` bytes the first are taken; the caller cuts what is too wide.
    package static func name(of key: [UInt8], limit: Int = .max) -> String {
        // A letter that the limit cuts would turn all others into escapes.
        let first = key.prefix(max(0, limit))
        let whole = (0...3).lazy.map { first.dropLast($0) }.first { String(validating: $0, as: UTF8.self) != nil }
        let part = first.count < key.count ? whole ?? first : first
        var text = text(of: Array(part))[...]
        var (head, tail) = ("", "")
        while text.first == " " { (text, head) = (text.dropFirst(), head + "\\x20") }
        while part.count == key.count, text.last == " " { (text, tail) = (text.dropLast(), tail + "\\x20") }
        return head + text + tail
    }

    /// What was pasted into a line, as bytes are typed there: line ends and tabs as escapes, and not a last line end, which
    /// only was to end the line.
    static func pasted(_ text: String) -> String {
        var scalars = text.unicodeScalars[...]
        if scalars.last == "\n" { scalars.removeLast() }
        return scalars.map { SafeText.isText($0) ? String($0) : escaped($0) }.joined()
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        if scalar == "\\" { return "\\\\" }
        if SafeText.isPlain(scalar) { return String(scalar) }
        switch scalar {
        case "\n", "\r", "\t": return SafeText.escape(scalar)
        // As bytes, so that there is one way to write them.
        default: return String(scalar).utf8.map(SafeText.escape).joined()
        }
    }

    /// What was typed, as bytes; nil if an escape is none.
    package static func bytes(of text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "x"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: return nil
            }
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
