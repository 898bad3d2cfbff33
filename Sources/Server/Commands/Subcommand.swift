/// A subcommand: how many words it takes, and what HELP says of it.
package struct Subcommand: Sendable {
    /// In lower case.
    package let name: String
    /// Words with the command and the subcommand; negative: at least so many.
    package let arity: Int
    package let arguments: String
    package let summary: String

    init(_ name: String, _ arity: Int, _ summary: String) { self.init(name, arity, "", summary) }

    init(_ name: String, _ arity: Int, _ arguments: String, _ summary: String) {
        self.name = name
        self.arity = arity
        self.arguments = arguments
        self.summary = summary
    }

    enum Check {
        /// It is known, by this name in lower case, and has as many words as it takes.
        case known(String)
        case help
        /// An error, code first.
        case refused(String)
    }
}

extension CommandDescriptor {
    /// - Parameters:
    ///   - subcommand: as the client wrote it.
    ///   - count: words of the whole command.
    func check(_ subcommand: String, count: Int) -> Subcommand.Check {
        let wanted = subcommand.lowercased()
        if wanted == "help", count == 2 { return .help }
        let arity = wanted == "help" ? 2 : subcommands.first { $0.name == wanted }?.arity
        guard let arity else {
            return .refused("ERR unknown subcommand '\(subcommand.prefix(128))'. Try \(name.uppercased()) HELP.")
        }
        guard arity >= 0 ? count == arity : count >= -arity else {
            return .refused("ERR wrong number of arguments for '\(name)|\(wanted)' command")
        }
        return .known(wanted)
    }

    /// The reply to HELP, in the form of Redis.
    func appendHelp(to bytes: inout [UInt8]) {
        var lines = ["\(name.uppercased()) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
        for subcommand in subcommands {
            let word = subcommand.name.uppercased()
            lines.append(subcommand.arguments.isEmpty ? word : "\(word) \(subcommand.arguments)")
            lines.append("    \(subcommand.summary)")
        }
        lines += ["HELP", "    Print this help."]
        bytes.appendRESPArray(count: lines.count)
        for line in lines { bytes.appendRESPSimple(line) }
    }
}
