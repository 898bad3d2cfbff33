extension CommandTable {
    /// Commands about the connection.
    static let connectionEntries: [Entry] = [
        Entry(
            .hello,
            "noscript loading stale fast no_auth allow_busy",
            "fast connection",
            .connection,
            since: "6.0.0",
            "Handshake with the server"
        ),
        Entry(
            .ping,
            "fast",
            "fast connection",
            tips: "request_policy:all_shards response_policy:all_succeeded",
            .connection,
            since: "1.0.0",
            "Ping the server"
        ),
        Entry(.echo, "loading stale fast", "fast connection", .connection, since: "1.0.0", "Echo the given string"),
        Entry(
            .select,
            "loading stale fast",
            "fast connection",
            .connection,
            since: "1.0.0",
            "Change the selected database for the current connection"
        ),
        Entry(
            .client,
            "",
            "slow",
            .connection,
            since: "2.4.0",
            "A container for client connection commands",
            complexity: "Depends on subcommand."
        ),
        Entry(
            .quit,
            "noscript loading stale fast no_auth allow_busy",
            "fast connection",
            .connection,
            since: "1.0.0",
            "Close the connection"
        ),
        Entry(
            .reset,
            "noscript loading stale fast no_auth allow_busy",
            "fast connection",
            .connection,
            since: "6.2.0",
            "Reset the connection"
        ),
    ]

    /// Commands about the node.
    static let serverEntries: [Entry] = [
        Entry(
            .dbsize,
            "readonly fast",
            "keyspace read fast",
            tips: "request_policy:all_shards response_policy:agg_sum",
            .server,
            since: "1.0.0",
            "Return the number of keys of this node"
        ),
        Entry(
            .info,
            "loading stale",
            "slow dangerous",
            tips: "nondeterministic_output request_policy:all_shards response_policy:special",
            .server,
            since: "1.0.0",
            "Get information and statistics about the server"
        ),
        Entry(
            .command,
            "loading stale",
            "slow connection",
            tips: "nondeterministic_output_order",
            .server,
            since: "2.8.13",
            "Get array of Redis command details",
            complexity: "O(N) where N is the total number of commands"
        ),
        Entry(
            .config,
            "",
            "slow",
            .server,
            since: "2.0.0",
            "A container for server configuration commands",
            complexity: "Depends on subcommand."
        ),
        Entry(
            .slowlog,
            "",
            "slow",
            .server,
            since: "2.2.12",
            "A container for slow log commands",
            complexity: "Depends on subcommand."
        ),
    ]

    /// Commands about the cluster.
    static let clusterEntries: [Entry] = [
        Entry(
            .readonly,
            "loading stale fast",
            "fast connection",
            .cluster,
            since: "3.0.0",
            "Enables read queries for a connection to a cluster replica node"
        ),
        Entry(
            .readwrite,
            "loading stale fast",
            "fast connection",
            .cluster,
            since: "3.0.0",
            "Disables read queries for a connection to a cluster replica node"
        ),
        Entry(
            .cluster,
            "",
            "slow",
            .cluster,
            since: "3.0.0",
            "A container for cluster commands",
            complexity: "Depends on subcommand."
        ),
        Entry(
            .asking,
            "fast",
            "fast connection",
            .cluster,
            since: "3.0.0",
            "Sent by cluster clients after an -ASK redirect"
        ),
    ]
}
