import Testing

/// One word for one thing, and the field's own (docs/architecture.md): what logs, errors, events, the screen and names in
/// the code do not say any more. Comments are left to whoever reads them.
@Suite struct WordTests {
    /// A word that is not used, and what is said instead.
    private static let banned: [String: String] = [
        "mandate": "LeaderLease, CommitQuorum",
        "door": "admission: serve, park, redirect, refuse",
        "elsewhere": "redirect",
        "leads": "becomes leader, is leader, leadership",
        "speech": "wire protocol",
        "surroundings": "delegate",
        "picture": "snapshot, view",
        "figure": "metrics, counts, numbers",
        "standing": "status",
        "wish": "request",
        "trouble": "error, reason",
        "obstacle": "error, reason",
        "setback": "error, reason",
        "impediment": "error, reason",
        "behind": "after; \"5 records behind\" is lag, and right",
        "letters": "characters",
        "taker": "target",
    ]
    /// The same for words that are only wrong together.
    private static let bannedPhrases = [
        "the lead", "lays the lead", "lay the lead", "leads no more", "is no slot", "first minutes", "to lead",
    ]

    /// How often a room still uses them, at most. The list only becomes shorter: an entry that no use is left of has to go.
    private static let known: [String: [String: Int]] = [
        "Console": ["behind": 1],
        // Names in JSON that others read.
        "Model": ["impediment": 1],
        "Replication": ["obstacle": 1],
        "Resharding": ["figure": 1],
        // A file's name in an example.
        "shoal": ["picture": 3],
    ]

    /// Lower-case words of a piece of code or text: names are cut where a capital begins a word.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var last: Character = " "
        for character in text {
            let isLetter = character.isASCII && character.isLetter
            if !word.isEmpty, !isLetter || (character.isUppercase && last.isLowercase) {
                words.append(word.lowercased())
                word = ""
            }
            if isLetter { word.append(character) }
            last = character
        }
        if !word.isEmpty { words.append(word.lowercased()) }
        return words
    }

    /// What makes a word right in a text: the word before it, or after it.
    private static let rightAfter: [String: Set<String>] = [
        // Lag.
        "behind": ["record", "records", "bytes", "entries", "far", "ms", "s"]
    ]
    private static let rightBefore: [String: Set<String>] = [
        // Letters and digits, as opposed to other characters; where a path leads.
        "letters": ["digits"], "leads": ["to", "back"],
    ]

    /// The banned words and phrases in a piece, in their singular.
    static func uses(_ piece: SwiftPiece) -> [String] {
        let words = words(piece.text)
        var found: [String] = []
        for (place, word) in words.enumerated() {
            let singular = word.hasSuffix("s") ? String(word.dropLast()) : word
            guard let name = banned[word] != nil ? word : banned[singular] != nil ? singular : nil else { continue }
            let before = place > 0 ? words[place - 1] : ""
            let after = place + 1 < words.count ? words[place + 1] : ""
            let isRight =
                rightAfter[name]?.contains(before) == true || rightBefore[name]?.contains(after) == true
            if piece.kind == .string, isRight { continue }
            found.append(name)
        }
        guard piece.kind == .string else { return found }
        let text = " \(words.joined(separator: " ")) "
        return found + bannedPhrases.filter { text.contains(" \($0) ") }
    }

    @Test func bannedWordsBecomeFewer() {
        var found: [String: [String: [String]]] = [:]
        for file in SourceTree.sources {
            for piece in SwiftPieces.of(file.text) where piece.kind != .comment {
                for word in Self.uses(piece) {
                    found[file.room, default: [:]][word, default: []].append("\(file.path):\(piece.line)")
                }
            }
        }
        for (room, words) in found.sorted(by: { $0.key < $1.key }) {
            for (word, places) in words.sorted(by: { $0.key < $1.key }) {
                let known = Self.known[room]?[word] ?? 0
                let hint = Self.banned[word].map { "; say: \($0)" } ?? ""
                #expect(
                    places.count <= known,
                    "\(room) says '\(word)' \(places.count) times, \(known) are known\(hint): \(places.suffix(5))"
                )
            }
        }
        for (room, words) in Self.known {
            for word in words.keys where found[room]?[word] == nil {
                Issue.record("\(room) does not say '\(word)' any more: take it off the list")
            }
        }
        // For whoever shortens the list.
        let counts = found.mapValues { $0.mapValues(\.count) }
        if counts != Self.known { print(Self.list(counts)) }
    }

    /// Counts as they stand in `known`.
    private static func list(_ counts: [String: [String: Int]]) -> String {
        counts.sorted { $0.key < $1.key }.map { room, words in
            let entries = words.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
            return "        \"\(room)\": [\(entries.joined(separator: ", "))],"
        }.joined(separator: "\n")
    }

    @Test func wordsAreCutOutOfNames() {
        #expect(
            Self.words("let nodePicture = CoordinatorPicture()") == [
                "let", "node", "picture", "coordinator", "picture",
            ]
        )
        #expect(Self.uses(SwiftPiece(kind: .code, text: "setbacks", line: 1)) == ["setback"])
        #expect(Self.uses(SwiftPiece(kind: .string, text: "it is 5 records behind", line: 1)) == [])
        #expect(
            Self.uses(SwiftPiece(kind: .string, text: "lays the lead down", line: 1)) == ["the lead", "lays the lead"]
        )
    }

    @Test func stringsAndCommentsAreTakenApart() {
        let text = "let a = \"one \\(two(\"three\")) four\" // five\nlet b = #\"six \\(x) \"seven\" \"# /* eight */"
        let pieces = SwiftPieces.of(text)
        func all(_ kind: SwiftPiece.Kind) -> [String] {
            pieces.filter { $0.kind == kind }.map { $0.text.split(separator: " ").joined(separator: " ") }
        }
        #expect(all(.string) == ["one", "three", "four", "six \\(x) \"seven\""])
        #expect(all(.comment) == ["// five", "/* eight */"])
        #expect(all(.code).filter { $0.contains("two") } == ["two("])
        #expect(pieces.last?.line == 2)
    }
}
