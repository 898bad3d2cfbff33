import Terminal

/// What is typed after `:`: completion, and the lines of before.
package struct CommandInput: Sendable {
    /// Commands remembered for the arrows.
    private static let historyMax = 100

    /// What came of a key.
    enum Outcome {
        case typing(LineEditor)
        case given(String)
        case closed
    }

    package private(set) var history: [String] = []
    private var historyIndex: Int?
    package private(set) var completion: Completion?

    /// An empty line is shown.
    mutating func begin() {
        historyIndex = nil
        completion = nil
    }

    /// The line has changed other than by a key.
    mutating func forgetCompletion() { completion = nil }

    /// Lines of the last time, oldest first.
    mutating func recall(_ lines: [String]) { history = lines.suffix(Self.historyMax).map { LineEditor($0).text } }

    /// - Parameter complete: what a line could become.
    mutating func press(_ key: Key, _ editor: LineEditor, _ complete: (String) -> Completion) -> Outcome {
        var editor = editor
        switch key {
        case .enter:
            completion = nil
            return .given(editor.text)
        case .escape:
            completion = nil
            return .closed
        case .tab, .backTab: self.complete(&editor, direction: key == .tab ? 1 : -1, complete)
        case .up, .down:
            completion = nil
            recall(&editor, direction: key == .up ? -1 : 1)
        case .backspace where editor.isEmpty: return .closed
        default:
            editor.press(key)
            completion = nil
        }
        return .typing(editor)
    }

    mutating func remember(_ line: String) {
        history.removeAll { $0 == line }
        history.append(line)
        if history.count > Self.historyMax { history.removeFirst() }
    }

    private mutating func recall(_ editor: inout LineEditor, direction: Int) {
        let next = (historyIndex ?? history.count) + direction
        guard next >= 0 else { return }
        guard next < history.count else {
            historyIndex = nil
            editor.replace(with: "")
            return
        }
        historyIndex = next
        editor.replace(with: history[next])
    }

    /// Tab: the first time as far as all candidates agree, then one candidate after the other.
    private mutating func complete(_ editor: inout LineEditor, direction: Int, _ complete: (String) -> Completion) {
        if var running = completion {
            running.step(direction)
            completion = running
            editor.replace(with: running.text)
            return
        }
        guard editor.afterCursor.isEmpty else { return }
        let fresh = complete(editor.text)
        guard !fresh.candidates.isEmpty else { return }
        if fresh.candidates.count == 1 {
            editor.replace(with: fresh.only)
        } else if fresh.common.count > editor.text.count {
            editor.replace(with: fresh.common)
        } else {
            var running = fresh
            running.step(direction)
            completion = running
            editor.replace(with: running.text)
        }
    }

    /// A line of the history as it may be written to a disk: no values, and nothing that may be one by a slip of the
    /// fingers. nil for a line that is left out.
    static func remembered(_ line: String, _ table: CommandTable) -> String? {
        let words = line.split(separator: " ", maxSplits: 2)
        guard let name = words.first else { return nil }
        let found = table.commands(named: String(name))
        guard let command = found.first, found.count == 1 else { return nil }
        guard command.handler == .put else { return line }
        return words.count > 1 ? "\(command.name) \(words[1])" : nil
    }
}
