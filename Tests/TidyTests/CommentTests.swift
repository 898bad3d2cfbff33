import Testing

/// What a comment refers to can be looked up by whoever reads it: it is in this repository.
@Suite struct CommentTests {
    /// Comments that cite files which are not here, by room: none. It only becomes shorter.
    private static let known: [String: Int] = [:]

    /// Words of a text that look like the name of a document, a script or a source file.
    static func citations(_ text: String) -> [String] {
        let endings = [".md", ".sh", ".py", ".swift"]
        let separators: Set<Character> = [" ", "\n", "\t", "(", ")", "[", "]", ",", ";", ":", "`", "\"", "'", "#"]
        return text.split(whereSeparator: separators.contains).map { word in
            var word = word
            while word.last == "." { word.removeLast() }
            return String(word)
        }.filter { word in endings.contains { word.hasSuffix($0) && word.count > $0.count } }
    }

    private func isThere(_ citation: String) -> Bool {
        if citation.contains("*") { return true }
        if SourceTree.exists(citation) { return true }
        return !citation.contains("/") && SourceTree.citableNames.contains(citation)
    }

    @Test func commentsCiteFilesThatExist() {
        var missing: [String: [String]] = [:]
        for file in SourceTree.sources + SourceTree.tests {
            for piece in SwiftPieces.of(file.text) where piece.kind == .comment {
                for citation in Self.citations(piece.text) where !isThere(citation) {
                    missing[file.room, default: []].append("\(file.path):\(piece.line) cites \(citation)")
                }
            }
        }
        for (room, found) in missing.sorted(by: { $0.key < $1.key }) {
            let known = Self.known[room] ?? 0
            #expect(found.count <= known, "\(found.count) instead of \(known): \(found.joined(separator: "; "))")
        }
        for room in Self.known.keys where missing[room] == nil {
            Issue.record("comments of \(room) cite nothing missing: take it off the list")
        }
    }

    @Test func citationsAreFound() {
        #expect(Self.citations("// See docs/protocol.md#slots, and (design.md).") == ["docs/protocol.md", "design.md"])
        #expect(Self.citations("// What a .md file is, and README") == [])
        #expect(!isThere("design.md"))
        #expect(isThere("docs/protocol.md") && isThere("README.md") && isThere("CommentTests.swift"))
    }
}
