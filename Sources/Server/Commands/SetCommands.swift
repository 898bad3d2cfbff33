import Model
import Storage

/// Commands that set string values whole.
enum SetCommands {
    static let all = [set, setnx, setex, psetex, getset, mset]

    private static let set = CommandDescriptor(
        "set",
        .data(runSet),
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
        "setnx",
        .data(runSetnx),
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
        "setex",
        .data(runSetex),
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
        "psetex",
        .data(runPsetex),
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
        "getset",
        .data(runGetset),
        arity: 3,
        .string,
        since: "1.0.0",
        "Set the string value of a key and return its old value",
        flags: "write denyoom fast",
        categories: "write string fast",
        keys: .one("RW access update"),
        arguments: [.key, .value]
    )

    private static let mset = CommandDescriptor(
        "mset",
        .data(runMset),
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

    // MARK: What they do

    @Sendable
    private static func runSet(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        if arguments.count == 3 {
            session.put(arguments[2], expiry: 0)
            reply.ok()
            return .done
        }
        switch SetOptions.parse(count: arguments.count, now: session.now, argument: { arguments[$0] }) {
        case .failure(let failure): reply.error(failure.text)
        case .success(let options): try set(options, arguments[2], &session, &reply)
        }
        return .done
    }

    private static func set(
        _ options: SetOptions,
        _ value: UnsafeRawBufferPointer,
        _ session: inout ShardSession,
        _ reply: inout Reply
    ) throws(StorageError) {
        var old: [UInt8] = []
        var oldExpiry: UInt64 = 0
        var exists = false
        if options.condition != .always || options.returnsOldValue || options.keepsExpiry {
            exists = try session.current {
                oldExpiry = $0.expiry
                if options.returnsOldValue { old = Array($0.bytes) }
            }
        }
        let isAllowed = options.condition.allows(exists: exists)
        if isAllowed {
            session.put(value, expiry: options.keepsExpiry ? oldExpiry : options.expiry)
        } else {
            session.awaitWhatWasSeen()
        }
        if options.returnsOldValue, exists {
            reply.bulk(old)
        } else if isAllowed, !options.returnsOldValue {
            reply.ok()
        } else {
            reply.null()
        }
    }

    @Sendable
    private static func runSetnx(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        if try session.current({ _ in }) {
            session.awaitWhatWasSeen()
            reply.integer(0)
        } else {
            session.put(arguments[2], expiry: 0)
            reply.integer(1)
        }
        return .done
    }

    @Sendable
    private static func runSetex(_ session: inout ShardSession, _ arguments: Arguments, _ reply: inout Reply)
        -> CommandOutcome
    {
        setWithTime(&session, arguments, .seconds, "setex", &reply)
    }

    @Sendable
    private static func runPsetex(_ session: inout ShardSession, _ arguments: Arguments, _ reply: inout Reply)
        -> CommandOutcome
    {
        setWithTime(&session, arguments, .milliseconds, "psetex", &reply)
    }

    private static func setWithTime(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ unit: SetOptions.Unit,
        _ name: String,
        _ reply: inout Reply
    ) -> CommandOutcome {
        switch SetOptions.expiry(arguments[2], unit: unit, isAbsolute: false, now: session.now, command: name) {
        case .failure(let failure): reply.error(failure.text)
        case .success(let expiry):
            session.put(arguments[3], expiry: expiry)
            reply.ok()
        }
        return .done
    }

    @Sendable
    private static func runGetset(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        var options = SetOptions()
        options.returnsOldValue = true
        try set(options, arguments[2], &session, &reply)
        return .done
    }

    @Sendable
    private static func runMset(_ session: inout ShardSession, _ arguments: Arguments, _ reply: inout Reply)
        -> CommandOutcome
    {
        guard arguments.count % 2 == 1 else {
            reply.wrongCount(of: "mset")
            return .done
        }
        // All or nothing: the keys are checked before the first one is queued, and one batch holds them all.
        for index in stride(from: 1, to: arguments.count, by: 2) {
            let length = arguments[index].count
            guard length > 0, length <= StorageLimits.keyBytesMax else {
                reply.error("ERR key is \(length) bytes long, 1 to \(StorageLimits.keyBytesMax) are allowed")
                return .done
            }
        }
        for index in stride(from: 1, to: arguments.count, by: 2) {
            session.put(ShardKey(arguments[index]), arguments[index + 1], expiry: 0)
        }
        // One command, one wait.
        session.effects.writes = 1
        reply.ok()
        return .done
    }
}

extension SetOptions.Condition {
    fileprivate func allows(exists: Bool) -> Bool {
        switch self {
        case .always: true
        case .ifAbsent: !exists
        case .ifPresent: exists
        }
    }
}
