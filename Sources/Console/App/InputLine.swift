import Terminal

/// The line being typed at the bottom.
package enum InputLine: Hashable, Sendable {
    case none
    case command(LineEditor)
    case filter(LineEditor)
    case prompt(Prompt, LineEditor)

    /// What became of a text that was pasted.
    enum Pasted {
        case taken
        /// Nothing is being typed.
        case nowhere
        /// What is only a part of what was pasted is not what somebody wants to do: the line was given up.
        case tooLong
    }

    mutating func paste(_ text: String) -> Pasted {
        let text =
            switch self {
            case .none, .filter: text
            case .command, .prompt: KeyText.pasted(text)
            }
        guard var editor else { return .nowhere }
        guard editor.hasRoom(for: text) else {
            self = .none
            return .tooLong
        }
        editor.insert(text)
        switch self {
        case .none: break
        case .command: self = .command(editor)
        case .filter: self = .filter(editor)
        case .prompt(let prompt, _): self = .prompt(prompt, editor)
        }
        return .taken
    }

    private var editor: LineEditor? {
        switch self {
        case .none: nil
        case .command(let editor), .filter(let editor), .prompt(_, let editor): editor
        }
    }
}
