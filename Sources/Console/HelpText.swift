import Terminal

/// The lines of the help, from the table that dispatches the keys.
package enum HelpText {
    package struct Line: Hashable, Sendable {
        package var keys: String
        package var command: String
        package var description: String
    }

    package static func lines(_ table: CommandTable) -> [Line] {
        table.commands.map { command in
            Line(
                keys: command.keys.map(\.name).joined(separator: " "),
                command: ":\(command.name)\(command.argument == .none ? "" : " \(command.argument.placeholder)")",
                description: command.description
            )
        }
    }

    /// How to leave the help: `Esc closes`.
    static func closing(_ table: CommandTable) -> String {
        let back = table.commands.first { $0.handler == .back }?.keys.first?.name ?? "?"
        return "\(back) closes"
    }
}
