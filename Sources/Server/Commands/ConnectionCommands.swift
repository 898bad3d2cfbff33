import Routing

/// Commands about the connection.
enum ConnectionCommands {
    static let all = [hello, ping, echo, select, client, quit, reset]

    private static let hello = CommandDescriptor(
        "hello",
        .keyless(runHello),
        arity: -1,
        .connection,
        since: "6.0.0",
        "Handshake with the server",
        flags: "noscript loading stale fast no_auth allow_busy",
        categories: "fast connection",
        arguments: [
            .init(
                "arguments",
                .block,
                isOptional: true,
                parts: [
                    .init("protover", .integer),
                    .init(
                        "username_password",
                        .block,
                        token: "AUTH",
                        isOptional: true,
                        parts: [.init("username", .string), .init("password", .string)]
                    ), .init("clientname", .string, token: "SETNAME", isOptional: true),
                ]
            )
        ]
    )

    private static let ping = CommandDescriptor(
        "ping",
        .keyless(runPing),
        arity: -1,
        .connection,
        since: "1.0.0",
        "Ping the server",
        flags: "fast",
        categories: "fast connection",
        tips: "request_policy:all_shards response_policy:all_succeeded",
        arguments: [.init("message", .string, isOptional: true)]
    )

    private static let echo = CommandDescriptor(
        "echo",
        .keyless(runEcho),
        arity: 2,
        .connection,
        since: "1.0.0",
        "Echo the given string",
        flags: "loading stale fast",
        categories: "fast connection",
        arguments: [.init("message", .string)]
    )

    private static let select = CommandDescriptor(
        "select",
        .keyless(runSelect),
        arity: 2,
        .connection,
        since: "1.0.0",
        "Change the selected database for the current connection",
        flags: "loading stale fast",
        categories: "fast connection",
        arguments: [.init("index", .integer)]
    )

    private static let client = CommandDescriptor(
        "client",
        .keyless(runClient),
        arity: -2,
        .connection,
        since: "2.4.0",
        "A container for client connection commands",
        complexity: "Depends on subcommand.",
        categories: "slow",
        subcommands: [
            Subcommand("getname", 2, "Return the name of the current connection."),
            Subcommand("id", 2, "Return the ID of the current connection."),
            Subcommand("info", 2, "Return information about the current connection."),
            Subcommand(
                "setinfo",
                4,
                "<LIB-NAME|LIB-VER> <value>",
                "Accepted and not kept: what clients say of themselves."
            ),
            Subcommand("setname", 3, "<name>", "Assign the name <name> to the current connection."),
        ]
    )

    private static let quit = CommandDescriptor(
        "quit",
        .keyless(runQuit),
        arity: -1,
        .connection,
        since: "1.0.0",
        "Close the connection",
        flags: "noscript loading stale fast no_auth allow_busy",
        categories: "fast connection"
    )

    private static let reset = CommandDescriptor(
        "reset",
        .keyless(runReset),
        arity: 1,
        .connection,
        since: "6.2.0",
        "Reset the connection",
        flags: "noscript loading stale fast no_auth allow_busy",
        categories: "fast connection"
    )

    // MARK: What they do

    @Sendable
    private static func runPing(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        switch arguments.count {
        case 1: reply.simple("PONG")
        case 2: reply.bulk(arguments[1])
        default: reply.wrongCount(of: "ping")
        }
    }

    @Sendable
    private static func runEcho(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        reply.bulk(arguments[1])
    }

    @Sendable
    private static func runQuit(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        reply.ok()
        connection.closeAfterReplies()
    }

    @Sendable
    private static func runReset(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        reply.version = 2
        connection.acceptsReplicaReads = false
        connection.clientName = ""
        reply.simple("RESET")
    }

    @Sendable
    private static func runSelect(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        guard let index = RESPInteger.parse(arguments[1]) else { return reply.notAnInteger() }
        guard let index = Int32(exactly: index) else {
            return reply.error("ERR value is out of range, value must between \(Int32.min) and \(Int32.max)")
        }
        if index == 0 { reply.ok() } else { reply.error("ERR SELECT is not allowed in cluster mode") }
    }

    @Sendable
    private static func runHello(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        if arguments.count > 1 {
            guard let version = RESPInteger.parse(arguments[1]) else {
                return reply.error("ERR Protocol version is not an integer or out of range")
            }
            guard version == 2 || version == 3 else { return reply.error("NOPROTO unsupported protocol version") }
            guard let options = HelloOptions(arguments, &reply) else { return }
            reply.version = Int(version)
            if let name = options.name { connection.clientName = name }
        }
        writeServerProperties(connection, &reply)
    }

    private static func writeServerProperties(_ connection: any CommandConnection, _ reply: inout Reply) {
        reply.map(count: 7)
        for (key, value) in [("server", "redis"), ("version", InfoReply.redisVersion)] {
            reply.bulk(key)
            reply.bulk(value)
        }
        reply.bulk("proto")
        reply.integer(Int64(reply.version))
        reply.bulk("id")
        reply.integer(Int64(connection.identifier))
        reply.bulk("mode")
        reply.bulk("cluster")
        reply.bulk("role")
        reply.bulk(connection.state.isLeader ? "master" : "replica")
        reply.bulk("modules")
        reply.array(count: 0)
    }

    @Sendable
    private static func runClient(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        switch reply.subcommand(of: client, arguments) {
        case "setname":
            guard arguments.isClientName(2, &reply) else { return }
            connection.clientName = arguments.text(2)
            reply.ok()
        case "getname": if connection.clientName.isEmpty { reply.null() } else { reply.bulk(connection.clientName) }
        case "setinfo": reply.ok()
        case "id": reply.integer(Int64(connection.identifier))
        case "info":
            var text: [UInt8] = []
            text.appendRESPText(
                "id=\(connection.identifier) addr=\(connection.remoteAddress) name=\(connection.clientName) db=0 "
                    + "resp=\(reply.version)\n",
                version: reply.version
            )
            reply.raw(text)
        default: break
        }
    }
}

/// The words after `HELLO version`.
private struct HelloOptions {
    var name: String?

    /// nil when they were refused.
    init?(_ arguments: Arguments, _ reply: inout Reply) {
        var user: String?
        var index = 2
        while index < arguments.count {
            switch arguments.text(index).uppercased() {
            case "SETNAME" where index + 1 < arguments.count:
                guard arguments.isClientName(index + 1, &reply) else { return nil }
                name = arguments.text(index + 1)
                index += 2
            case "AUTH" where index + 2 < arguments.count:
                user = arguments.text(index + 1)
                index += 3
            default:
                reply.error(
                    bytes: Array("ERR Syntax error in HELLO option '".utf8) + arguments.quoted(index) + Array("'".utf8)
                )
                return nil
            }
        }
        // As a Redis without passwords: the default user comes in with any, and there is no other.
        guard user == nil || user == "default" else {
            reply.error("WRONGPASS invalid username-password pair or user is disabled.")
            return nil
        }
    }
}

extension Arguments {
    /// Whether that word may be a client's name; if not, the refusal has been answered.
    fileprivate func isClientName(_ index: Int, _ reply: inout Reply) -> Bool {
        guard self[index].allSatisfy({ $0 > 32 && $0 <= 126 }) else {
            reply.error("ERR Client names cannot contain spaces, newlines or special characters.")
            return false
        }
        return true
    }
}
