/// Commands about the cluster.
enum ClusterCommands {
    static let all = [readonly, readwrite, cluster, asking]

    private static let readonly = CommandDescriptor(
        .readonly,
        arity: 1,
        .cluster,
        since: "3.0.0",
        "Enables read queries for a connection to a cluster replica node",
        flags: "loading stale fast",
        categories: "fast connection"
    )

    private static let readwrite = CommandDescriptor(
        .readwrite,
        arity: 1,
        .cluster,
        since: "3.0.0",
        "Disables read queries for a connection to a cluster replica node",
        flags: "loading stale fast",
        categories: "fast connection"
    )

    private static let cluster = CommandDescriptor(
        .cluster,
        arity: -2,
        .cluster,
        since: "3.0.0",
        "A container for cluster commands",
        complexity: "Depends on subcommand.",
        categories: "slow",
        subcommands: [
            Subcommand("countkeysinslot", 3, "<slot>", "Return the number of keys in <slot> as this node has them."),
            Subcommand("info", 2, "Return information about the cluster."),
            Subcommand("keyslot", 3, "<key>", "Return the hash slot for <key>."),
            Subcommand("myid", 2, "Return the node id."),
            Subcommand("nodes", 2, "Return the cluster as this node sees it, a line for each node."),
            Subcommand("shards", 2, "Return the shards with their slots and nodes."),
            Subcommand("slots", 2, "Return the slots with the nodes that serve them."),
        ]
    )

    private static let asking = CommandDescriptor(
        .asking,
        arity: 1,
        .cluster,
        since: "3.0.0",
        "Sent by cluster clients after an -ASK redirect",
        flags: "fast",
        categories: "fast connection"
    )
}
