import Terminal

/// Every command there is, in the order of the help.
package struct CommandTable: Sendable {
    package let commands: [ConsoleCommand]
    private let byKey: [Key: [ConsoleCommand]]

    private static let all: [ConsoleCommand] =
        NodeCommands.all + ViewCommands.all + KeyCommands.all + FeedCommands.all + RowCommands.all + GraphCommands.kinds
        + MovingCommands.panels + SlotCommands.all + ReshardCommands.all + MovingCommands.cursor + GraphCommands.look
        + AppCommands.all

    /// - Parameters:
    ///   - canCopy: whether the terminal takes text for the clipboard.
    ///   - canReshard: whether there is a way to resharding. What can't be done has no command.
    package init(isReadOnly: Bool, canCopy: Bool, canReshard: Bool = true) {
        let commands = Self.all.filter { command in
            !(isReadOnly && command.isMutating) && (canCopy || command.handler != .copy)
                && (canReshard || !command.needsReshard)
        }
        self.commands = commands
        var byKey: [Key: [ConsoleCommand]] = [:]
        for command in commands {
            for key in command.keys { byKey[key, default: []].append(command) }
        }
        self.byKey = byKey
    }

    /// What a key means in a view: what it means there alone, else what it means everywhere.
    package func command(for key: Key, in view: ConsoleView) -> ConsoleCommand? {
        let found = byKey[key]?.filter { $0.isFor(view) }
        return found?.first { $0.views != nil } ?? found?.first
    }

    /// What a line typed after `:` means.
    enum Parsed {
        case nothing
        case command(ConsoleCommand, argument: String)
        /// Why it means nothing, in words.
        case refused(String)
    }

    func parse(_ line: String) -> Parsed {
        let words = line.split(separator: " ", maxSplits: 1)
        guard let name = words.first.map(String.init) else { return .nothing }
        let argument = words.count > 1 ? String(words[1]).trimmed : ""
        let found = commands(named: name)
        guard let command = found.first else {
            return .refused("no command \"\(name)\"; press ? for those there are")
        }
        guard found.count == 1 else {
            return .refused("\"\(name)\" could be \(found.map(\.name).joined(separator: ", "))")
        }
        guard argument.isEmpty || command.argument != .none else {
            return .refused("\(command.name) takes nothing after its name")
        }
        return .command(command, argument: argument)
    }

    /// The name of the first key that does something; empty if none does.
    func keyName(_ handler: ConsoleCommand.Handler) -> String {
        commands.first { $0.handler == handler }?.keys.first?.name ?? ""
    }

    /// What a name typed after `:` may mean: the command itself, or those that begin with it.
    package func commands(named name: String) -> [ConsoleCommand] {
        if let exact = commands.first(where: { $0.name == name }) { return [exact] }
        return commands.filter { $0.name.hasPrefix(name) }
    }
}
