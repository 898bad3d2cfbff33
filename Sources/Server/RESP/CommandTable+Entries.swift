extension CommandTable {
    /// What COMMAND tells of a command beyond `RESPCommand`: flags, categories and texts are Redis 7's own.
    struct Entry: Sendable {
        enum Group: String {
            case connection, string, generic, server, cluster
        }

        let command: RESPCommand
        let flags: [String]
        let categories: [String]
        let tips: [String]
        let keyFlags: [String]
        let group: Group
        let since: String
        let summary: String
        let complexity: String

        init(
            _ command: RESPCommand,
            _ flags: String,
            _ categories: String,
            tips: String = "",
            keyFlags: String = "",
            _ group: Group,
            since: String,
            _ summary: String,
            complexity: String = "O(1)"
        ) {
            self.command = command
            self.flags = Self.words(flags)
            self.categories = Self.words(categories).map { "@" + $0 }
            self.tips = Self.words(tips)
            self.keyFlags = Self.words(keyFlags)
            self.group = group
            self.since = since
            self.summary = summary
            self.complexity = complexity
        }

        private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
    }

    /// One for each command, in the order of `RESPCommand`.
    static let entries: [Entry] =
        (connectionEntries + stringEntries + genericEntries + serverEntries + clusterEntries)
        .sorted { $0.command.rawValue < $1.command.rawValue }
}
