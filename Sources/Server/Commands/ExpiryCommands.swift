import Storage

/// Commands on how long keys live.
enum ExpiryCommands {
    static let all = [ttl, pttl, expire, pexpire, persist]

    private static let ttl = CommandDescriptor(
        "ttl",
        .data(runTtl),
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
        "pttl",
        .data(runPttl),
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
        "expire",
        .data(runExpire),
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
        "pexpire",
        .data(runPexpire),
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
        "persist",
        .data(runPersist),
        arity: 2,
        .generic,
        since: "2.2.0",
        "Remove the expiration from a key",
        flags: "write fast",
        categories: "keyspace write fast",
        keys: .one("RW update"),
        arguments: [.key]
    )

    // MARK: What they do

    @Sendable
    private static func runTtl(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        try tell(&session, 1000, &reply)
    }

    @Sendable
    private static func runPttl(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        try tell(&session, 1, &reply)
    }

    /// How long the key still lives, in units of so many milliseconds.
    private static func tell(
        _ session: inout ShardSession,
        _ unit: Int64,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        let now = Int64(clamping: session.now)
        let state = try session.find(session.key) {
            reply.integer($0.expiry == 0 ? -1 : (Int64(clamping: $0.expiry) - now + unit / 2) / unit)
        }
        if state == .absent { reply.integer(-2) }
        return session.count(state)
    }

    @Sendable
    private static func runExpire(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        try expire(&session, arguments, .seconds, "expire", &reply)
    }

    @Sendable
    private static func runPexpire(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        try expire(&session, arguments, .milliseconds, "pexpire", &reply)
    }

    private static func expire(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ unit: SetOptions.Unit,
        _ name: String,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        guard let condition = ExpiryCondition(arguments, &reply) else { return .done }
        let parsed = SetOptions.expiry(
            arguments[2],
            unit: unit,
            isAbsolute: false,
            now: session.now,
            command: name,
            allowsPast: true
        )
        guard case .success(let expiry) = parsed else {
            if case .failure(let failure) = parsed { reply.error(failure.text) }
            return .done
        }
        var value: [UInt8] = []
        var old: UInt64 = 0
        let exists = try session.current {
            value = Array($0.bytes)
            old = $0.expiry
        }
        guard exists, condition.allows(expiry, insteadOf: old) else {
            session.awaitWhatWasSeen()
            reply.integer(0)
            return .done
        }
        if expiry <= session.now {
            session.delete()
        } else {
            value.withUnsafeBytes { session.put($0, expiry: expiry) }
        }
        reply.integer(1)
        return .done
    }

    @Sendable
    private static func runPersist(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        var value: [UInt8] = []
        var expiry: UInt64 = 0
        let exists = try session.current {
            expiry = $0.expiry
            if expiry != 0 { value = Array($0.bytes) }
        }
        guard exists, expiry != 0 else {
            session.awaitWhatWasSeen()
            reply.integer(0)
            return .done
        }
        value.withUnsafeBytes { session.put($0, expiry: 0) }
        reply.integer(1)
        return .done
    }
}

/// When EXPIRE may set a time.
private struct ExpiryCondition {
    var ifNone = false
    var ifAny = false
    var ifLater = false
    var ifSooner = false

    /// Why the words contradict each other.
    var contradiction: String? {
        if ifNone, ifAny || ifLater || ifSooner {
            return "ERR NX and XX, GT or LT options at the same time are not compatible"
        }
        return ifLater && ifSooner ? "ERR GT and LT options at the same time are not compatible" : nil
    }

    /// - Parameter old: the present expiry, 0 for none, which is later than any.
    func allows(_ next: UInt64, insteadOf old: UInt64) -> Bool {
        if ifNone, old != 0 { return false }
        if ifAny, old == 0 { return false }
        if ifLater, old == 0 || next <= old { return false }
        return !(ifSooner && old != 0 && next >= old)
    }
}

extension ExpiryCondition {
    /// The words after `EXPIRE key time`; nil when they were refused.
    fileprivate init?(_ arguments: Arguments, _ reply: inout Reply) {
        self.init()
        for index in 3..<max(3, arguments.count) {
            switch arguments.text(index).uppercased() {
            case "NX": ifNone = true
            case "XX": ifAny = true
            case "GT": ifLater = true
            case "LT": ifSooner = true
            default:
                reply.error(bytes: Array("ERR Unsupported option ".utf8) + arguments.quoted(index))
                return nil
            }
        }
        guard let contradiction else { return }
        reply.error(contradiction)
        return nil
    }
}
