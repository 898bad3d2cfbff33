/// Commands about the connection.
enum ConnectionCommands {
    static let all = [hello, ping, echo, select, client, quit, reset]

    private static let hello = CommandDescriptor(
        .hello,
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
        .ping,
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
        .echo,
        arity: 2,
        .connection,
        since: "1.0.0",
        "Echo the given string",
        flags: "loading stale fast",
        categories: "fast connection",
        arguments: [.init("message", .string)]
    )

    private static let select = CommandDescriptor(
        .select,
        arity: 2,
        .connection,
        since: "1.0.0",
        "Change the selected database for the current connection",
        flags: "loading stale fast",
        categories: "fast connection",
        arguments: [.init("index", .integer)]
    )

    private static let client = CommandDescriptor(
        .client,
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
        .quit,
        arity: -1,
        .connection,
        since: "1.0.0",
        "Close the connection",
        flags: "noscript loading stale fast no_auth allow_busy",
        categories: "fast connection"
    )

    private static let reset = CommandDescriptor(
        .reset,
        arity: 1,
        .connection,
        since: "6.2.0",
        "Reset the connection",
        flags: "noscript loading stale fast no_auth allow_busy",
        categories: "fast connection"
    )
}
