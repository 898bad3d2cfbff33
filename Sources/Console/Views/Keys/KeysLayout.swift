import Terminal

/// Which lines and columns of the keys' view belong to what.
struct KeysLayout: Hashable, Sendable {
    /// From here on, the value stands beside the keys; narrower, in their place.
    private static let besideWidth = 100

    let view: ViewLayout
    /// The keys, one a line.
    let list: Rect
    /// The value, below a line or two about it.
    let value: Rect
    let isBeside: Bool

    init(width: Int, height: Int) {
        view = ViewLayout(height: height)
        isBeside = width >= Self.besideWidth
        // The line above the keys says how many there are.
        let body = Rect(
            x: 2,
            y: view.body.lowerBound + 1,
            width: max(0, width - 4),
            height: max(0, view.body.count - 1)
        )
        guard isBeside else {
            list = body
            value = body
            return
        }
        let left = min(60, body.width * 2 / 5)
        list = Rect(x: body.x, y: body.y, width: left, height: body.height)
        value = Rect(x: body.x + left + 2, y: body.y, width: body.width - left - 2, height: body.height)
    }
}

/// The lines of a value in one of its forms. Values are short here (`KeyValue.shownMax`), so that all of it may be laid
/// out for a frame.
enum ValueText {
    static func lines(_ bytes: [UInt8], form: KeysState.Form, width: Int) -> [String] {
        switch form {
        case .text: text(bytes, width)
        case .hex: hex(bytes, width)
        case .json:
            JSONLayout.lines(of: bytes).map { $0.flatMap { text($0, width) } } ?? ["this is no whole JSON document"]
        }
    }

    private static func text(_ bytes: [UInt8], _ width: Int) -> [String] {
        bytes.split(separator: 10, omittingEmptySubsequences: false).flatMap { line in
            cut(SafeText.display(bytes: line, limit: KeyValue.shownMax), width)
        }
    }

    /// Cut by columns, not at spaces: what is a value must not look like prose.
    private static func cut(_ text: String, _ width: Int) -> [String] {
        let width = max(2, width)
        var lines = [""]
        var used = 0
        for scalar in text.unicodeScalars {
            let columns = max(0, DisplayWidth.columns(of: scalar))
            if used + columns > width {
                lines.append("")
                used = 0
            }
            lines[lines.count - 1].unicodeScalars.append(scalar)
            used += columns
        }
        return lines
    }

    /// `00000000  41 64 61 0a  Ada.`, of 16 bytes or as many as fit.
    private static func hex(_ bytes: [UInt8], _ width: Int) -> [String] {
        let count = width >= 76 ? 16 : width >= 44 ? 8 : 4
        return stride(from: 0, to: max(1, bytes.count), by: count).map { start in
            let part = bytes[min(start, bytes.count)..<min(bytes.count, start + count)]
            let digits = part.map { padded(String($0, radix: 16), 2) }.joined(separator: " ")
            let text = part.map { (0x20..<0x7f).contains($0) ? String(Unicode.Scalar($0)) : "." }.joined()
            let room = count * 3 - 1 - digits.utf8.count
            return "\(padded(String(start, radix: 16), 8))  \(digits)\(String(repeating: " ", count: room))  \(text)"
        }
    }

    private static func padded(_ digits: String, _ count: Int) -> String {
        String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }
}
