/// The lines of a config.yaml as a YAML reader counts them, with the documents that they make up.
struct ConfigLines {
    let text: [UInt8]
    /// Of each line: from its first byte to behind its line break.
    let ranges: [Range<Int>]
    /// The file's own line break: that of its first line, LF if it has only one.
    let lineBreak: [UInt8]

    init(_ text: [UInt8]) {
        self.text = text
        var ranges: [Range<Int>] = []
        var firstBreak: Range<Int>?
        var start = 0
        var at = 0
        while at < text.count {
            let width = Self.breakWidth(text, at)
            if width == 0 {
                at += 1
                continue
            }
            firstBreak = firstBreak ?? at..<(at + width)
            at += width
            ranges.append(start..<at)
            start = at
        }
        if start < text.count { ranges.append(start..<text.count) }
        self.ranges = ranges
        let isCRLF = firstBreak.map { Array(text[$0]) == [0x0D, 0x0A] } ?? false
        lineBreak = isCRLF ? [0x0D, 0x0A] : [0x0A]
    }

    /// YAML 1.1 ends lines with CR LF, CR, LF, NEL, LS and PS. 0: none is here.
    private static func breakWidth(_ text: [UInt8], _ at: Int) -> Int {
        func has(_ bytes: [UInt8]) -> Bool { text[at...].starts(with: bytes) }
        switch text[at] {
        case 0x0A: return 1
        case 0x0D: return has([0x0D, 0x0A]) ? 2 : 1
        case 0xC2: return has([0xC2, 0x85]) ? 2 : 0
        case 0xE2: return has([0xE2, 0x80, 0xA8]) || has([0xE2, 0x80, 0xA9]) ? 3 : 0
        default: return 0
        }
    }

    /// What a line is, outside of any value.
    enum Kind { case blank, comment, documentStart, documentEnd, content }

    /// - Parameter index: from 0. Only a comment at the line's very start counts as one: the others are part of a document.
    func kind(_ index: Int) -> Kind {
        let line = text[ranges[index]]
        guard let first = line.firstIndex(where: { $0 != 0x20 && $0 != 0x09 }), !Self.endsLine(text, first) else {
            return .blank
        }
        if line.first == UInt8(ascii: "#") { return .comment }
        if hasMarker(line, UInt8(ascii: "-")) { return .documentStart }
        if hasMarker(line, UInt8(ascii: ".")) { return .documentEnd }
        return .content
    }

    /// Whether a document begins or ends in that line.
    func isMarker(_ index: Int) -> Bool { kind(index) == .documentStart || kind(index) == .documentEnd }

    /// Whether a document begins in that line, and nothing else is in it.
    func isBareStart(_ index: Int) -> Bool {
        kind(index) == .documentStart
            && text[ranges[index]].dropFirst(3).allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    }

    /// Three times `byte` at the line's start, and then nothing or a blank.
    private func hasMarker(_ line: ArraySlice<UInt8>, _ byte: UInt8) -> Bool {
        guard line.count >= 3, line.prefix(3).allSatisfy({ $0 == byte }) else { return false }
        let next = line.startIndex + 3
        return next == line.endIndex || text[next] == 0x20 || text[next] == 0x09 || Self.endsLine(text, next)
    }

    private static func endsLine(_ text: [UInt8], _ at: Int) -> Bool { at >= text.count || breakWidth(text, at) > 0 }

    /// Whether a line of `text` has a line break at its end.
    static func isEnded(_ text: [UInt8], _ line: Range<Int>) -> Bool {
        line.contains { breakWidth(text, $0) > 0 }
    }

    /// The byte at which column `column` of line `line` is, both from 1; columns count characters (Unicode scalars), as
    /// the parser's marks do. nil if there is no such place.
    func offset(line: Int, column: Int) -> Int? {
        guard ranges.indices.contains(line - 1), column >= 1 else { return nil }
        let range = ranges[line - 1]
        var at = range.lowerBound
        for _ in 1..<column {
            guard at < range.upperBound else { return nil }
            at += 1
            while at < range.upperBound, text[at] & 0xC0 == 0x80 { at += 1 }
        }
        return at
    }
}
