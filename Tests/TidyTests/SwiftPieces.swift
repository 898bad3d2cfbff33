/// What a Swift file is made of, so far as these tests care.
struct SwiftPiece {
    enum Kind { case code, string, comment }
    var kind: Kind
    var text: String
    var line: Int
}

/// Takes a Swift file apart. It knows comments and strings with their interpolations, and nothing else of the language:
/// regex literals that contain a quotation mark would confuse it, and there are none.
struct SwiftPieces {
    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    private var pieces: [SwiftPiece] = []

    static func of(_ text: String) -> [SwiftPiece] {
        var parser = SwiftPieces(bytes: Array(text.utf8))
        parser.code(until: nil)
        return parser.pieces
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Code up to the end, or to the parenthesis that ends an interpolation.
    private mutating func code(until end: UInt8?) {
        var began = at
        var depth = 0
        while at < bytes.count {
            let byte = bytes[at]
            if starts("//") || starts("/*") {
                add(.code, began..<at)
                comment()
                began = at
            } else if byte == UInt8(ascii: "\"") {
                let hashes = bytes[began..<at].reversed().prefix { $0 == UInt8(ascii: "#") }.count
                add(.code, began..<at)
                string(hashes: hashes)
                began = at
            } else if byte == end, depth == 0 {
                break
            } else {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth -= 1 }
                if byte == UInt8(ascii: "\n") {
                    add(.code, began..<at)
                    began = at
                    line += 1
                }
                at += 1
            }
        }
        add(.code, began..<at)
    }

    private mutating func comment() {
        let began = at
        if starts("//") {
            while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { at += 1 }
            return add(.comment, began..<at)
        }
        while at < bytes.count, !starts("*/") { at += 1 }
        at = min(at + 2, bytes.count)
        add(.comment, began..<at)
        line += bytes[began..<at].count { $0 == UInt8(ascii: "\n") }
    }

    private mutating func string(hashes: Int) {
        let isLong = starts("\"\"\"")
        let end = [UInt8](repeating: UInt8(ascii: "\""), count: isLong ? 3 : 1) + pounds(hashes)
        let escape = [UInt8(ascii: "\\")] + pounds(hashes)
        at += isLong ? 3 : 1
        var began = at
        while at < bytes.count, !starts(end) {
            if starts(escape + [UInt8(ascii: "(")]) {
                add(.string, began..<at)
                at += escape.count + 1
                code(until: UInt8(ascii: ")"))
                began = min(at + 1, bytes.count)
                at = began
            } else if starts(escape) {
                at += escape.count + 1
            } else {
                if bytes[at] == UInt8(ascii: "\n") { line += 1 }
                at += 1
            }
        }
        at = min(at, bytes.count)
        add(.string, began..<at)
        at = min(at + end.count, bytes.count)
    }

    private func pounds(_ count: Int) -> [UInt8] { Array(repeating: UInt8(ascii: "#"), count: count) }

    private func starts(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes.dropFirst(at).starts(with: $0) }
    }

    private func starts(_ other: [UInt8]) -> Bool { bytes.dropFirst(at).starts(with: other) }

    private mutating func add(_ kind: SwiftPiece.Kind, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        pieces.append(SwiftPiece(kind: kind, text: String(decoding: bytes[range], as: UTF8.self), line: line))
    }
}
