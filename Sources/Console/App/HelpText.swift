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

    /// Columns below which a description gets lines of its own: beside key and command there would be a word of it.
    private static let besideMin = 56
    /// Where descriptions below their commands begin.
    private static let indent = "  "

    /// The lines as they fit into so many columns. Below `besideMin`, what a line has no room for stands below it.
    static func rows(_ table: CommandTable, width: Int) -> [Line] {
        let lines = lines(table)
        guard width < besideMin else { return lines }
        return lines.flatMap { line in
            let text = Canvas.wrapped(line.description, width: max(1, width - indent.utf8.count))
            return [Line(keys: line.keys, command: line.command, description: "")]
                + text.map { Line(keys: "", command: "", description: indent + $0) }
        }
    }

    /// How to leave the help: `Esc closes`.
    static func closing(_ table: CommandTable) -> String {
        let back = table.commands.first { $0.handler == .back }?.keys.first?.name ?? "?"
        return "\(back) closes"
    }
}
