import Terminal

/// What the text of the command line could become.
package struct Completion: Hashable, Sendable {
    /// One possible last word, and what it is.
    package struct Candidate: Hashable, Sendable {
        package var word: String
        package var description: String
    }

    package let candidates: [Candidate]
    /// What stands before the word that is completed.
    private let stem: String
    package private(set) var selected: Int?

    init(of line: String, table: CommandTable, targets: [String], themes: [String]) {
        let start = line.lastIndex(of: " ").map { line.index(after: $0) } ?? line.startIndex
        stem = String(line[..<start])
        let word = String(line[start...])
        guard let name = stem.split(separator: " ").first else {
            candidates = table.commands.filter { $0.name.hasPrefix(word) }
                .map { Candidate(word: $0.name, description: $0.description) }
            return
        }
        let found = table.commands(named: String(name))
        guard let command = found.first, found.count == 1 else {
            candidates = []
            return
        }
        let words: [String] =
            switch command.argument {
            case .none, .text, .slot: []
            case .reshard: ["pause", "resume", "cancel"]
            case .form: KeysState.Form.allCases.map(\.rawValue)
            case .level: LogLine.Level.allCases.map(\.name)
            case .shade: SlotShade.allCases.map(\.rawValue)
            case .target, .targets: targets
            case .theme: themes
            case .graph: GraphKind.allCases.map(\.rawValue)
            case .graphSet: GraphSet.allCases.map(\.rawValue)
            case .column: TableSort.Column.allCases.map(\.rawValue)
            case .onOff: ["on", "off"]
            case .seconds: ["0.25", "0.5", "1", "2", "5", "10"]
            }
        candidates = words.filter { $0.hasPrefix(word) }.map { Candidate(word: $0, description: "") }
    }

    /// The line as far as all candidates agree.
    var common: String {
        guard var prefix = candidates.first?.word else { return stem }
        for candidate in candidates {
            while !candidate.word.hasPrefix(prefix) { prefix.removeLast() }
        }
        return stem + prefix
    }

    /// The line with the only candidate, ready for what follows.
    var only: String { stem + (candidates.first?.word ?? "") + " " }

    /// The line with the selected candidate.
    var text: String { stem + (selected.map { candidates[$0].word } ?? "") }

    mutating func step(_ direction: Int) {
        guard !candidates.isEmpty else { return }
        guard let selected else {
            self.selected = direction > 0 ? 0 : candidates.count - 1
            return
        }
        self.selected = (selected + direction + candidates.count) % candidates.count
    }
}
