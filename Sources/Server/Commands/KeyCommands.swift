/// Commands on keys of any type; Redis has WAIT among them.
enum KeyCommands {
    static let all = [del, unlink, exists, type, wait]

    private static let del = CommandDescriptor(
        .del,
        arity: -2,
        .generic,
        since: "1.0.0",
        "Delete a key",
        complexity: "O(N) where N is the number of keys that will be removed.",
        flags: "write",
        categories: "keyspace write slow",
        tips: "request_policy:multi_shard response_policy:agg_sum",
        keys: .all("RM delete"),
        arguments: [.keys]
    )

    private static let unlink = CommandDescriptor(
        .unlink,
        arity: -2,
        .generic,
        since: "4.0.0",
        "Delete a key; here the same as DEL",
        complexity: "O(N) where N is the number of keys that will be removed.",
        flags: "write fast",
        categories: "keyspace write fast",
        tips: "request_policy:multi_shard response_policy:agg_sum",
        keys: .all("RM delete"),
        arguments: [.keys]
    )

    private static let exists = CommandDescriptor(
        .exists,
        arity: -2,
        .generic,
        since: "1.0.0",
        "Determine if a key exists",
        complexity: "O(N) where N is the number of keys to check.",
        flags: "readonly fast",
        categories: "keyspace read fast",
        tips: "request_policy:multi_shard response_policy:agg_sum",
        keys: .all("RO"),
        arguments: [.keys]
    )

    private static let type = CommandDescriptor(
        .type,
        arity: 2,
        .generic,
        since: "1.0.0",
        "Determine the type stored at key",
        flags: "readonly fast",
        categories: "keyspace read fast",
        keys: .one("RO"),
        arguments: [.key]
    )

    private static let wait = CommandDescriptor(
        .wait,
        arity: 3,
        .generic,
        since: "3.0.0",
        "Wait for the synchronous replication of all the write commands sent in the context of the current connection",
        flags: "noscript",
        categories: "slow connection",
        tips: "request_policy:all_shards response_policy:agg_min",
        arguments: [.init("numreplicas", .integer), .init("timeout", .integer)]
    )
}
