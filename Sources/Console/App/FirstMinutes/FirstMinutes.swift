import Routing
import Terminal

/// What stands between the user and the console: there is no config file yet, or it can't be used. Events change it,
/// `FirstMinutesRenderer` draws it; neither does I/O.
package struct FirstMinutes: Hashable, Sendable {
    /// What a look at the file found.
    package enum Finding: Hashable, Sendable {
        case fine
        case missing
        /// What is wrong with it, at least one thing, and what stands in it as far as it could be read.
        case broken([ConfigError.Problem], text: [UInt8])
    }

    package enum Event: Sendable {
        case key(Key)
        case found(Finding)
        /// The example was written, or why not.
        case written(problem: String?)
    }

    package enum Action: Hashable, Sendable {
        /// Read the file again; `found` follows.
        case look
        /// Write the example to the file, unless something is there; `written` follows.
        case write
        /// Go on into the console.
        case open
        case redraw
        case quit
    }

    /// As it was named.
    package let file: String
    /// Nothing is written for somebody who only looks.
    package let isReadOnly: Bool
    package private(set) var finding: Finding
    /// Which of several problems is shown.
    package private(set) var problem = 0
    /// Lines that the text is moved up by.
    package private(set) var top = 0
    /// Why the last command came to nothing.
    package private(set) var notice: String?

    package init(file: String, isReadOnly: Bool, finding: Finding) {
        self.file = file
        self.isReadOnly = isReadOnly
        self.finding = finding
    }

    /// What can be pressed now: the keys, and what they do. The hint line and `press` both go by it.
    package struct Choice: Hashable, Sendable {
        package var keys: [Key]
        package var text: String
        var command: Command
    }

    enum Command: Hashable, Sendable { case write, look, nextProblem, up, down, redraw, quit }

    package var choices: [Choice] {
        var choices: [Choice] = []
        let quit = Choice(keys: [.character("q"), .ctrl("c"), .ctrl("d")], text: "quit", command: .quit)
        switch finding {
        case .fine: choices.append(quit)
        case .missing:
            if !isReadOnly {
                choices.append(Choice(keys: [.character("w"), .enter], text: "write it and go on", command: .write))
            }
            choices.append(quit)
            choices.append(Choice(keys: [.character("r")], text: "look again", command: .look))
        case .broken(let problems, _):
            choices.append(Choice(keys: [.character("r")], text: "read it again", command: .look))
            choices.append(quit)
            if problems.count > 1 {
                choices.append(Choice(keys: [.tab, .character("n")], text: "next problem", command: .nextProblem))
            }
        }
        choices.append(Choice(keys: [.up, .character("k")], text: "up", command: .up))
        choices.append(Choice(keys: [.down, .character("j")], text: "down", command: .down))
        choices.append(Choice(keys: [.ctrl("l")], text: "redraw", command: .redraw))
        return choices
    }

    /// Pure: no I/O, no clock.
    package mutating func update(_ event: Event) -> [Action] {
        switch event {
        case .key(let key): return press(key)
        case .found(let found): return receive(found)
        case .written(let problem):
            notice = problem
            return problem == nil ? [.look] : []
        }
    }

    private mutating func receive(_ found: Finding) -> [Action] {
        if found == .fine { return [.open] }
        guard found != finding else { return [] }
        finding = found
        (problem, top, notice) = (0, 0, nil)
        return []
    }

    private mutating func press(_ key: Key) -> [Action] {
        guard let choice = choices.first(where: { $0.keys.contains(key) }) else { return [] }
        switch choice.command {
        case .write: return [.write]
        case .look: return [.look]
        case .quit: return [.quit]
        case .redraw: return [.redraw]
        case .nextProblem:
            if case .broken(let problems, _) = finding { problem = (problem + 1) % max(1, problems.count) }
            top = 0
        // The bounds of what is shown depend on the screen: the renderer keeps within them.
        case .up: top = max(-FirstMinutes.scrollMax, top - 1)
        case .down: top = min(FirstMinutes.scrollMax, top + 1)
        }
        return []
    }

    /// Lines up or down; no config worth reading on a screen is longer.
    private static let scrollMax = 10_000
}
