/// The subcommands of CLIENT, CLUSTER, COMMAND, CONFIG and SLOWLOG: how many words each takes, and what HELP says of it.
enum RESPSubcommands {
    struct Entry: Sendable {
        /// In lower case.
        let name: String
        /// Words with the command and the subcommand; negative: at least so many.
        let arity: Int
        let arguments: String
        let summary: String

        init(_ name: String, _ arity: Int, _ summary: String) { self.init(name, arity, "", summary) }

        init(_ name: String, _ arity: Int, _ arguments: String, _ summary: String) {
            self.name = name
            self.arity = arity
            self.arguments = arguments
            self.summary = summary
        }
    }

    enum Check {
        /// It is known, by this name in lower case, and has as many words as it takes.
        case known(String)
        case help
        /// An error, code first.
        case refused(String)
    }

    /// - Parameters:
    ///   - subcommand: as the client wrote it.
    ///   - count: words of the whole command.
    static func check(_ command: RESPCommand, _ subcommand: String, count: Int) -> Check {
        let name = subcommand.lowercased()
        if name == "help", count == 2 { return .help }
        let arity = name == "help" ? 2 : entries(command).first { $0.name == name }?.arity
        guard let arity else {
            return .refused(
                "ERR unknown subcommand '\(subcommand.prefix(128))'. Try \(command.name.uppercased()) HELP."
            )
        }
        guard arity >= 0 ? count == arity : count >= -arity else {
            return .refused("ERR wrong number of arguments for '\(command.name)|\(name)' command")
        }
        return .known(name)
    }

    /// The reply to `command HELP`, in the form of Redis.
    static func appendHelp(_ command: RESPCommand, to bytes: inout [UInt8]) {
        var lines = ["\(command.name.uppercased()) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
        for entry in entries(command) {
            let name = entry.name.uppercased()
            lines.append(entry.arguments.isEmpty ? name : "\(name) \(entry.arguments)")
            lines.append("    \(entry.summary)")
        }
        lines += ["HELP", "    Print this help."]
        bytes.appendRESPArray(count: lines.count)
        for line in lines { bytes.appendRESPSimple(line) }
    }

    /// Of a command without subcommands none.
    static func entries(_ command: RESPCommand) -> [Entry] {
        switch command {
        case .client: client
        case .cluster: cluster
        case .command: commandEntries
        case .config: config
        case .slowlog: slowlog
        default: []
        }
    }

    private static let client = [
        Entry("getname", 2, "Return the name of the current connection."),
        Entry("id", 2, "Return the ID of the current connection."),
        Entry("info", 2, "Return information about the current connection."),
        Entry("setinfo", 4, "<LIB-NAME|LIB-VER> <value>", "Accepted and not kept: what clients say of themselves."),
        Entry("setname", 3, "<name>", "Assign the name <name> to the current connection."),
    ]

    private static let cluster = [
        Entry("countkeysinslot", 3, "<slot>", "Return the number of keys in <slot> as this node has them."),
        Entry("info", 2, "Return information about the cluster."),
        Entry("keyslot", 3, "<key>", "Return the hash slot for <key>."),
        Entry("myid", 2, "Return the node id."),
        Entry("nodes", 2, "Return the cluster as this node sees it, a line for each node."),
        Entry("shards", 2, "Return the shards with their slots and nodes."),
        Entry("slots", 2, "Return the slots with the nodes that serve them."),
    ]

    private static let commandEntries = [
        Entry("count", 2, "Return the total number of commands."),
        Entry("docs", -2, "[<command-name> ...]", "Return documentation of the commands, of all without names."),
        Entry("getkeys", -4, "<full-command>", "Return the keys of a full command."),
        Entry("info", -2, "[<command-name> ...]", "Return details about the commands, about all without names."),
        Entry("list", 2, "Return the names of all commands."),
    ]

    private static let slowlog = [
        Entry("get", -2, "[<count>]", "Return the newest entries of the slow log, 10 by default, all for -1."),
        Entry("len", 2, "Return the number of entries of the slow log."),
        Entry("reset", 2, "Remove all entries of the slow log."),
    ]

    private static let config = [
        Entry("get", -3, "<pattern> ...", "Return settings that match the patterns; they stand in config.yaml.")
    ]
}
