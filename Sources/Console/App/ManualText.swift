import Terminal

/// The tables of docs/console.md, from the table that dispatches the keys: a test compares.
package enum ManualText {
    /// A heading and a table for what works everywhere, then for each view with keys of its own.
    package static func markdown(_ table: CommandTable) -> String {
        var text = section("Everywhere", table.commands.filter { $0.views == nil })
        let inRows = table.commands.filter { $0.views.map { $0 == ConsoleView.ofRows } ?? false }
        text += section("Dashboard, shard and node", inRows)
        for view in ConsoleView.allCases {
            let own = table.commands.filter { command in
                guard let views = command.views, views != ConsoleView.ofRows else { return false }
                return views.contains(view)
            }
            if !own.isEmpty { text += section("View \(view.rawValue), \(view)", own) }
        }
        return text
    }

    private static func section(_ title: String, _ commands: [ConsoleCommand]) -> String {
        var text = "### \(title)\n\n| key | command | what it does |\n|---|---|---|\n"
        for command in commands {
            let keys = command.keys.map { "`\($0.name)`" }.joined(separator: " ")
            let name = "`:\(command.name)\(command.argument == .none ? "" : " \(command.argument.placeholder)")`"
            let note = command.isMutating ? " (not with `--read-only`)" : ""
            text += "| \(keys) | \(name) | \(command.description)\(note) |\n"
        }
        return text + "\n"
    }
}
