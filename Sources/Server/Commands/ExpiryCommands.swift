/// Commands on how long keys live.
enum ExpiryCommands {
    static let all = [ttl, pttl, expire, pexpire, persist]

    private static let ttl = CommandDescriptor(
        .ttl,
        arity: 2,
        .generic,
        since: "1.0.0",
        "Get the time to live for a key in seconds",
        flags: "readonly fast",
        categories: "keyspace read fast",
        tips: "nondeterministic_output",
        keys: .one("RO access"),
        arguments: [.key]
    )

    private static let pttl = CommandDescriptor(
        .pttl,
        arity: 2,
        .generic,
        since: "2.6.0",
        "Get the time to live for a key in milliseconds",
        flags: "readonly fast",
        categories: "keyspace read fast",
        tips: "nondeterministic_output",
        keys: .one("RO access"),
        arguments: [.key]
    )

    private static let expire = CommandDescriptor(
        .expire,
        arity: -3,
        .generic,
        since: "1.0.0",
        "Set a key's time to live in seconds",
        flags: "write fast",
        categories: "keyspace write fast",
        keys: .one("RW update"),
        arguments: [
            .key, .seconds,
            .init(
                "condition",
                .oneOf,
                since: "7.0.0",
                isOptional: true,
                parts: [.word("NX"), .word("XX"), .word("GT"), .word("LT")]
            ),
        ]
    )

    private static let pexpire = CommandDescriptor(
        .pexpire,
        arity: -3,
        .generic,
        since: "2.6.0",
        "Set a key's time to live in milliseconds",
        flags: "write fast",
        categories: "keyspace write fast",
        keys: .one("RW update"),
        arguments: [
            .key, .milliseconds,
            .init(
                "condition",
                .oneOf,
                since: "7.0.0",
                isOptional: true,
                parts: [.word("NX"), .word("XX"), .word("GT"), .word("LT")]
            ),
        ]
    )

    private static let persist = CommandDescriptor(
        .persist,
        arity: 2,
        .generic,
        since: "2.2.0",
        "Remove the expiration from a key",
        flags: "write fast",
        categories: "keyspace write fast",
        keys: .one("RW update"),
        arguments: [.key]
    )
}
