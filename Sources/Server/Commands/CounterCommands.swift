import NIOCore
import Storage

/// Commands on numbers, which are string values of digits.
enum CounterCommands {
    static let all = [incr, decr, incrby, decrby]

    private static let incr = CommandDescriptor(
        "incr",
        .data(runIncr),
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
        "decr",
        .data(runDecr),
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
        "incrby",
        .data(runIncrby),
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
        "decrby",
        .data(runDecrby),
        arity: 3,
        .string,
        since: "1.0.0",
        "Decrement the integer value of a key by the given number",
        flags: "write denyoom fast",
        categories: "write string fast",
        keys: .one("RW access update"),
        arguments: [.key, .init("decrement", .integer)]
    )

    // MARK: What they do

    @Sendable
    private static func runIncr(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        try add(1, &session, &reply)
    }

    @Sendable
    private static func runDecr(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        try add(-1, &session, &reply)
    }

    @Sendable
    private static func runIncrby(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        guard let amount = RESPInteger.parse(arguments[2]) else {
            reply.notAnInteger()
            return .done
        }
        return try add(amount, &session, &reply)
    }

    @Sendable
    private static func runDecrby(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        guard let amount = RESPInteger.parse(arguments[2]) else {
            reply.notAnInteger()
            return .done
        }
        guard amount != .min else {
            reply.error("ERR decrement would overflow")
            return .done
        }
        return try add(-amount, &session, &reply)
    }

    private static func add(
        _ amount: Int64,
        _ session: inout ShardSession,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        var old: Int64? = 0
        var expiry: UInt64 = 0
        _ = try session.current {
            old = RESPInteger.parse($0.bytes)
            expiry = $0.expiry
        }
        guard let old else {
            session.awaitWhatWasSeen()
            reply.notAnInteger()
            return .done
        }
        let (sum, overflow) = old.addingReportingOverflow(amount)
        if overflow {
            session.awaitWhatWasSeen()
            reply.error("ERR increment or decrement would overflow")
            return .done
        }
        withDecimal(sum) { session.put($0, expiry: expiry) }
        reply.integer(sum)
        return .done
    }

    private static func withDecimal(_ value: Int64, _ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 1) { target in
            guard let base = target.baseAddress else { return }
            var length = 0
            if value < 0 {
                base.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
                length = 1
            }
            length += ByteBuffer.decimal(value.magnitude, base + length)
            body(UnsafeRawBufferPointer(start: base, count: length))
        }
    }
}
