/// Commands on numbers, which are string values of digits.
enum CounterCommands {
    static let all = [incr, decr, incrby, decrby]

    private static let incr = CommandDescriptor(
        .incr,
        arity: 2,
        .string,
        since: "1.0.0",
        "Increment the integer value of a key by one",
        flags: "write denyoom fast",
        categories: "write string fast",
        keys: .one("RW access update"),
        arguments: [.key]
    )

    private static let decr = CommandDescriptor(
        .decr,
        arity: 2,
        .string,
        since: "1.0.0",
        "Decrement the integer value of a key by one",
        flags: "write denyoom fast",
        categories: "write string fast",
        keys: .one("RW access update"),
        arguments: [.key]
    )

    private static let incrby = CommandDescriptor(
        .incrby,
        arity: 3,
        .string,
        since: "1.0.0",
        "Increment the integer value of a key by the given amount",
        flags: "write denyoom fast",
        categories: "write string fast",
        keys: .one("RW access update"),
        arguments: [.key, .init("increment", .integer)]
    )

    private static let decrby = CommandDescriptor(
        .decrby,
        arity: 3,
        .string,
        since: "1.0.0",
        "Decrement the integer value of a key by the given number",
        flags: "write denyoom fast",
        categories: "write string fast",
        keys: .one("RW access update"),
        arguments: [.key, .init("decrement", .integer)]
    )
}
