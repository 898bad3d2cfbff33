/// Commands that list keys.
enum ScanCommands {
    static let all = [scan, keys]

    private static let scan = CommandDescriptor(
        .scan,
        arity: -2,
        .generic,
        since: "2.8.0",
        "Incrementally iterate the keys space",
        complexity: "O(1) for every call.",
        flags: "readonly",
        categories: "keyspace read slow",
        tips: "nondeterministic_output request_policy:special",
        arguments: [
            .init("cursor", .integer), .init("pattern", .pattern, token: "MATCH", isOptional: true),
            .init("count", .integer, token: "COUNT", isOptional: true),
            .init("type", .string, token: "TYPE", since: "6.0.0", isOptional: true),
        ]
    )

    private static let keys = CommandDescriptor(
        .keys,
        arity: 2,
        .generic,
        since: "1.0.0",
        "Find all keys matching the given pattern",
        complexity: "O(N) with N being the number of keys.",
        flags: "readonly",
        categories: "keyspace read slow dangerous",
        tips: "request_policy:all_shards nondeterministic_output_order",
        arguments: [.init("pattern", .pattern)]
    )
}
