/// All that is known of a command, in one place: what the dispatcher needs, and what COMMAND tells clients. Flags,
/// categories and texts are Redis 7's own.
package struct CommandDescriptor: Sendable {
    package enum Group: String, Sendable {
        case connection, string, generic, server, cluster
    }

    /// Which arguments are keys.
    package struct Keys: Sendable {
        /// The argument that is the first key; the name is argument 0.
        package let first: Int
        /// The argument that is the last key; negative: counted from the end, -1 the last argument.
        package let last: Int
        /// Arguments from one key to the next.
        package let step: Int
        /// What is done with them, in Redis' words: RO, RW, OW, RM, access, insert, update, delete.
        package let flags: [String]

        /// Only the first argument.
        static func one(_ flags: String) -> Keys { Keys(first: 1, last: 1, step: 1, flags: words(flags)) }

        /// All arguments.
        static func all(_ flags: String) -> Keys { Keys(first: 1, last: -1, step: 1, flags: words(flags)) }

        /// Every other argument, beginning with the first; each is followed by a value.
        static func pairs(_ flags: String) -> Keys { Keys(first: 1, last: -1, step: 2, flags: words(flags)) }
    }

    let execution: CommandExecution
    /// In lower case, as in error messages.
    package let name: String
    /// The number of arguments with the name; negative: at least so many.
    package let arity: Int
    package let group: Group
    /// The version of Redis that brought it.
    package let since: String
    package let summary: String
    package let complexity: String
    package let flags: [String]
    /// Of access control, each with its `@`.
    package let categories: [String]
    /// Hints for clients of clusters.
    package let tips: [String]
    /// nil: none.
    package let keys: Keys?
    package let arguments: [CommandArgument]
    package let subcommands: [Subcommand]

    /// Whether it must go through the commit log of a leader.
    package var isWrite: Bool { flags.contains("write") }

    /// - Parameters:
    ///   - execution: the function that executes it.
    ///   - flags: words with blanks between, like `categories` (without `@`) and `tips`.
    init(
        _ name: String,
        _ execution: CommandExecution,
        arity: Int,
        _ group: Group,
        since: String,
        _ summary: String,
        complexity: String = "O(1)",
        flags: String = "",
        categories: String,
        tips: String = "",
        keys: Keys? = nil,
        arguments: [CommandArgument] = [],
        subcommands: [Subcommand] = []
    ) {
        self.execution = execution
        self.name = name
        self.arity = arity
        self.group = group
        self.since = since
        self.summary = summary
        self.complexity = complexity
        self.flags = words(flags)
        self.categories = words(categories).map { "@" + $0 }
        self.tips = words(tips)
        self.keys = keys
        self.arguments = arguments
        self.subcommands = subcommands
    }
}

private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
