import Server
import Terminal

extension ConsoleState {
    mutating func beginCommand() {
        input = .command(LineEditor())
        commandHistoryIndex = nil
        completion = nil
        notice = nil
    }

    mutating func beginFilter() {
        input = .filter(LineEditor(filter))
        notice = nil
    }

    mutating func press(_ key: Key, inFilter editor: LineEditor) {
        var editor = editor
        switch key {
        case .enter: input = .none
        case .escape:
            input = .none
            setFilter("")
        case .up: moveWhileTyping(.up)
        case .down: moveWhileTyping(.down)
        default:
            editor.press(key)
            input = .filter(editor)
            if editor.text != filter { setFilter(editor.text) }
        }
    }

    private mutating func moveWhileTyping(_ movement: ConsoleCommand.Movement) {
        if view == .dashboard, focus == .table, detail == nil { move(movement) }
    }

    mutating func press(_ key: Key, in prompt: Prompt, _ editor: LineEditor) -> [ConsoleAction] {
        var editor = editor
        switch key {
        case .enter:
            input = .none
            return accept(editor.text, for: prompt)
        case .escape: input = .none
        default:
            editor.press(key)
            input = .prompt(prompt, editor)
        }
        return []
    }

    mutating func press(_ key: Key, inCommand editor: LineEditor) -> [ConsoleAction] {
        var editor = editor
        switch key {
        case .enter:
            input = .none
            completion = nil
            return execute(editor.text)
        case .escape:
            input = .none
            completion = nil
            return []
        case .tab, .backTab:
            complete(&editor, direction: key == .tab ? 1 : -1)
        case .up, .down:
            completion = nil
            recall(&editor, direction: key == .up ? -1 : 1)
        case .backspace where editor.isEmpty:
            input = .none
            return []
        default:
            editor.press(key)
            completion = nil
        }
        input = .command(editor)
        return []
    }

    /// Runs what was typed after `:`.
    mutating func execute(_ line: String) -> [ConsoleAction] {
        let words = line.split(separator: " ", maxSplits: 1)
        guard let first = words.first else { return [] }
        remember(line)
        let name = String(first)
        let argument = words.count > 1 ? String(words[1]).trimmed : ""
        let found = table.commands(named: name)
        guard let command = found.first else {
            say("no command \"\(name)\"; press ? for those there are", .error)
            return []
        }
        guard found.count == 1 else {
            say("\"\(name)\" could be \(found.map(\.name).joined(separator: ", "))", .error)
            return []
        }
        guard argument.isEmpty || command.argument != .none else {
            say("\(command.name) takes nothing after its name", .error)
            return []
        }
        return run(command, argument: argument)
    }

    private mutating func remember(_ line: String) {
        commandHistory.removeAll { $0 == line }
        commandHistory.append(line)
        if commandHistory.count > Self.commandHistoryLimit { commandHistory.removeFirst() }
    }

    private mutating func recall(_ editor: inout LineEditor, direction: Int) {
        let next = (commandHistoryIndex ?? commandHistory.count) + direction
        guard next >= 0 else { return }
        guard next < commandHistory.count else {
            commandHistoryIndex = nil
            editor.replace(with: "")
            return
        }
        commandHistoryIndex = next
        editor.replace(with: commandHistory[next])
    }

    /// Tab: the first time as far as all candidates agree, then one candidate after the other.
    private mutating func complete(_ editor: inout LineEditor, direction: Int) {
        if var running = completion {
            running.step(direction)
            completion = running
            editor.replace(with: running.text)
            return
        }
        guard editor.afterCursor.isEmpty else { return }
        let fresh = Completion(of: editor.text, table: table, targets: targetNames, themes: themeNames)
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

    /// What `:start` and `:stop` can be about.
    var targetNames: [String] {
        guard let status = snapshot?.status else { return [] }
        return status.shards.map(\.name) + status.shards.flatMap { $0.nodes.map(\.address) }
    }

    /// What could follow, for the list above the command line.
    package func candidates(for editor: LineEditor) -> [Completion.Candidate] {
        completion?.candidates
            ?? Completion(of: editor.text, table: table, targets: targetNames, themes: themeNames).candidates
    }
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
