/// Commands on string values.
enum StringCommands {
    static let all = [get, set, setnx, setex, psetex, getset, getdel, mget, mset, append, strlen]

    private static let get = CommandDescriptor(
        .get,
        arity: 2,
        .string,
        since: "1.0.0",
        "Get the value of a key",
        flags: "readonly fast",
        categories: "read string fast",
        keys: .one("RO access"),
        arguments: [.key]
    )

    private static let set = CommandDescriptor(
        .set,
        arity: -3,
        .string,
        since: "1.0.0",
        "Set the string value of a key",
        flags: "write denyoom",
        categories: "write string slow",
        keys: .one("RW access update variable_flags"),
        arguments: [
            .key, .value,
            .init("condition", .oneOf, since: "2.6.12", isOptional: true, parts: [.word("NX"), .word("XX")]),
            .word("GET", since: "6.2.0", isOptional: true),
            .init(
                "expiration",
                .oneOf,
                isOptional: true,
                parts: [
                    .init("seconds", .integer, token: "EX", since: "2.6.12"),
                    .init("milliseconds", .integer, token: "PX", since: "2.6.12"),
                    .init("unix-time-seconds", .unixTime, token: "EXAT", since: "6.2.0"),
                    .init("unix-time-milliseconds", .unixTime, token: "PXAT", since: "6.2.0"),
                    .word("KEEPTTL", since: "6.0.0"),
                ]
            ),
        ]
    )

    private static let setnx = CommandDescriptor(
        .setnx,
        arity: 3,
        .string,
        since: "1.0.0",
        "Set the value of a key, only if the key does not exist",
        flags: "write denyoom fast",
        categories: "write string fast",
        keys: .one("OW insert"),
        arguments: [.key, .value]
    )

    private static let setex = CommandDescriptor(
        .setex,
        arity: 4,
        .string,
        since: "2.0.0",
        "Set the value and expiration of a key",
        flags: "write denyoom",
        categories: "write string slow",
        keys: .one("OW update"),
        arguments: [.key, .seconds, .value]
    )

    private static let psetex = CommandDescriptor(
        .psetex,
        arity: 4,
        .string,
        since: "2.6.0",
        "Set the value and expiration in milliseconds of a key",
        flags: "write denyoom",
        categories: "write string slow",
        keys: .one("OW update"),
        arguments: [.key, .milliseconds, .value]
    )

    private static let getset = CommandDescriptor(
        .getset,
        arity: 3,
        .string,
        since: "1.0.0",
        "Set the string value of a key and return its old value",
        flags: "write denyoom fast",
        categories: "write string fast",
        keys: .one("RW access update"),
        arguments: [.key, .value]
    )

    private static let getdel = CommandDescriptor(
        .getdel,
        arity: 2,
        .string,
        since: "6.2.0",
        "Get the value of a key and delete the key",
        flags: "write fast",
        categories: "write string fast",
        keys: .one("RW access delete"),
        arguments: [.key]
    )

    private static let mget = CommandDescriptor(
        .mget,
        arity: -2,
        .string,
        since: "1.0.0",
        "Get the values of all the given keys",
        complexity: "O(N) where N is the number of keys to retrieve.",
        flags: "readonly fast",
        categories: "read string fast",
        tips: "request_policy:multi_shard",
        keys: .all("RO access"),
        arguments: [.keys]
    )

    private static let mset = CommandDescriptor(
        .mset,
        arity: -3,
        .string,
        since: "1.0.1",
        "Set multiple keys to multiple values",
        complexity: "O(N) where N is the number of keys to set.",
        flags: "write denyoom",
        categories: "write string slow",
        tips: "request_policy:multi_shard response_policy:all_succeeded",
        keys: .pairs("OW update"),
        arguments: [.init("key_value", .block, isMultiple: true, parts: [.key, .value])]
    )

    private static let append = CommandDescriptor(
        .append,
        arity: 3,
        .string,
        since: "2.0.0",
        "Append a value to a key",
        complexity: "O(N) where N is the length of the new value.",
        flags: "write denyoom fast",
        categories: "write string fast",
        keys: .one("RW insert"),
        arguments: [.key, .value]
    )

    private static let strlen = CommandDescriptor(
        .strlen,
        arity: 2,
        .string,
        since: "2.2.0",
        "Get the length of the value stored in a key",
        flags: "readonly fast",
        categories: "read string fast",
        keys: .one("RO"),
        arguments: [.key]
    )
}
