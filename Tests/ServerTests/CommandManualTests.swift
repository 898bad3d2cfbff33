import Glibc
import Server
import Testing

/// docs/protocol.md lists the commands that the descriptors describe. `SHOAL_UPDATE_GOLDEN=1 swift test` writes the list anew.
@Suite struct CommandManualTests {
    private static let path =
        "\(#filePath.dropLast("Tests/ServerTests/CommandManualTests.swift".count))docs/protocol.md"
    private static let begin = "<!-- from the command descriptors: begin -->\n"
    private static let end = "<!-- from the command descriptors: end -->\n"

    @Test func theManualListsTheCommandsAsTheyAre() throws {
        let text = try #require(Self.read())
        let from = try #require(text.firstRange(of: Self.begin))
        let to = try #require(text.firstRange(of: Self.end))
        let wanted =
            text[..<from.upperBound] + "\n" + Self.table(CommandRegistry.descriptors) + "\n" + text[to.lowerBound...]
        if getenv("SHOAL_UPDATE_GOLDEN") != nil {
            let file = try #require(fopen(Self.path, "w"))
            defer { fclose(file) }
            try #require(fputs(String(wanted), file) >= 0)
        }
        #expect(Self.read() == String(wanted), "docs/protocol.md differs; SHOAL_UPDATE_GOLDEN=1 writes it anew")
    }

    private static func read() -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256 * 1_024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    @Test func argumentsAreWrittenAsInTheManualOfRedis() {
        #expect(Self.usage("get") == "GET key")
        #expect(Self.usage("del") == "DEL key [key ...]")
        #expect(Self.usage("mset") == "MSET key value [key value ...]")
        #expect(
            Self.usage("set")
                == "SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
                + "PXAT unix-time-milliseconds | KEEPTTL]"
        )
        #expect(
            Self.usage("slowlog") == "SLOWLOG GET [<count>] / LEN / RESET / HELP"
        )
    }

    private static func usage(_ name: String) -> String? {
        CommandRegistry.descriptors.first { $0.name == name }.map { usage($0) }
    }

    private static func table(_ commands: [CommandDescriptor]) -> String {
        var text = "| command | since Redis | what it does |\n|---|---|---|\n"
        let sorted = commands.sorted { ($0.group.rawValue, $0.name) < ($1.group.rawValue, $1.name) }
        for command in sorted {
            let usage = usage(command).replacing("|", with: "\\|")
            text += "| `\(usage)` | \(command.since) | \(command.summary) |\n"
        }
        return text
    }

    private static func usage(_ command: CommandDescriptor) -> String {
        let name = command.name.uppercased()
        guard command.subcommands.isEmpty else {
            let subcommands = command.subcommands.map {
                $0.arguments.isEmpty ? $0.name.uppercased() : "\($0.name.uppercased()) \($0.arguments)"
            }
            return "\(name) \((subcommands + ["HELP"]).joined(separator: " / "))"
        }
        return ([name] + command.arguments.map { usage($0) }).joined(separator: " ")
    }

    private static func usage(_ argument: CommandArgument) -> String {
        var text =
            switch argument.kind {
            case .pureToken: ""
            case .oneOf: argument.parts.map { usage($0) }.joined(separator: " | ")
            case .block: argument.parts.map { usage($0) }.joined(separator: " ")
            case .key, .string, .integer, .pattern, .unixTime: argument.name
            }
        if let token = argument.token { text = text.isEmpty ? token : "\(token) \(text)" }
        if argument.isMultiple { text += " [\(text) ...]" }
        return argument.isOptional ? "[\(text)]" : text
    }
}
