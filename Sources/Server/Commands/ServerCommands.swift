/// Commands about the node.
enum ServerCommands {
    static let all = [dbsize, info, command, config, slowlog]

    private static let dbsize = CommandDescriptor(
        .dbsize,
        arity: 1,
        .server,
        since: "1.0.0",
        "Return the number of keys of this node",
        flags: "readonly fast",
        categories: "keyspace read fast",
        tips: "request_policy:all_shards response_policy:agg_sum"
    )

    private static let info = CommandDescriptor(
        .info,
        arity: -1,
        .server,
        since: "1.0.0",
        "Get information and statistics about the server",
        flags: "loading stale",
        categories: "slow dangerous",
        tips: "nondeterministic_output request_policy:all_shards response_policy:special",
        arguments: [.init("section", .string, isOptional: true, isMultiple: true)]
    )

    private static let command = CommandDescriptor(
        .command,
        arity: -1,
        .server,
        since: "2.8.13",
        "Get array of Redis command details",
        complexity: "O(N) where N is the total number of commands",
        flags: "loading stale",
        categories: "slow connection",
        tips: "nondeterministic_output_order",
        subcommands: [
            Subcommand("count", 2, "Return the total number of commands."),
            Subcommand(
                "docs",
                -2,
                "[<command-name> ...]",
                "Return documentation of the commands, of all without names."
            ),
            Subcommand("getkeys", -4, "<full-command>", "Return the keys of a full command."),
            Subcommand(
                "info",
                -2,
                "[<command-name> ...]",
                "Return details about the commands, about all without names."
            ),
            Subcommand(
                "list",
                -2,
                "[FILTERBY (MODULE <module>|ACLCAT <category>|PATTERN <pattern>)]",
                "Return the names of all commands, or of those that the filter lets through."
            ),
        ]
    )

    private static let config = CommandDescriptor(
        .config,
        arity: -2,
        .server,
        since: "2.0.0",
        "A container for server configuration commands",
        complexity: "Depends on subcommand.",
        categories: "slow",
        subcommands: [
            Subcommand(
                "get",
                -3,
                "<pattern> ...",
                "Return settings that match the patterns; they stand in config.yaml."
            )
        ]
    )

    private static let slowlog = CommandDescriptor(
        .slowlog,
        arity: -2,
        .server,
        since: "2.2.12",
        "A container for slow log commands",
        complexity: "Depends on subcommand.",
        categories: "slow",
        subcommands: [
            Subcommand("get", -2, "[<count>]", "Return the newest entries of the slow log, 10 by default, all for -1."),
            Subcommand("len", 2, "Return the number of entries of the slow log."),
            Subcommand("reset", 2, "Remove all entries of the slow log."),
        ]
    )
}
