import Terminal

/// One line of text being typed: the command line and the filter.
package struct LineEditor: Hashable, Sendable {
    /// Longer than any command with a list of addresses that someone types; a paste must not grow without end.
    static let limit = 1_024

    private var characters: [Character] = []
    package private(set) var cursor = 0

    package init(_ text: String = "") { replace(with: text) }

    package var text: String { String(characters) }
    package var isEmpty: Bool { characters.isEmpty }
    package var beforeCursor: String { String(characters[..<cursor]) }
    package var afterCursor: String { String(characters[cursor...]) }

    package mutating func replace(with text: String) {
        characters = []
        cursor = 0
        insert(text)
    }

    /// Inserts at the cursor; characters that are not text (controls, line ends) are left out.
    package mutating func insert(_ text: String) {
        let printable = text.filter { $0.unicodeScalars.allSatisfy(SafeText.isText) }
        let fitting = printable.prefix(max(0, Self.limit - characters.count))
        characters.insert(contentsOf: fitting, at: cursor)
        cursor += fitting.count
    }

    /// Whether all of a text fits in.
    package func hasRoom(for text: String) -> Bool { characters.count + text.count <= Self.limit }

    package mutating func backspace() {
        guard cursor > 0 else { return }
        cursor -= 1
        characters.remove(at: cursor)
    }

    package mutating func deleteForward() {
        guard cursor < characters.count else { return }
        characters.remove(at: cursor)
    }

    /// Removes the word before the cursor (Ctrl-W).
    package mutating func deleteWord() {
        while cursor > 0, characters[cursor - 1] == " " { backspace() }
        while cursor > 0, characters[cursor - 1] != " " { backspace() }
    }

    /// Removes everything before the cursor (Ctrl-U).
    package mutating func deleteToStart() {
        characters.removeFirst(cursor)
        cursor = 0
    }

    package mutating func move(by distance: Int) { cursor = min(max(0, cursor + distance), characters.count) }
    package mutating func moveToStart() { cursor = 0 }
    package mutating func moveToEnd() { cursor = characters.count }
}

extension LineEditor {
    /// The keys every input line understands.
    mutating func press(_ key: Key) {
        switch key {
        case .character(let scalar): insert(String(scalar))
        case .backspace, .ctrl("h"): backspace()
        case .delete, .ctrl("d"): deleteForward()
        case .left, .ctrl("b"): move(by: -1)
        case .right, .ctrl("f"): move(by: 1)
        case .home, .ctrl("a"): moveToStart()
        case .end, .ctrl("e"): moveToEnd()
        case .ctrl("u"): deleteToStart()
        case .ctrl("w"): deleteWord()
        default: break
        }
    }
}
