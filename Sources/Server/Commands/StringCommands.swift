import Model
import NIOCore
import Storage

/// Commands on string values.
enum StringCommands {
    static let all = [get, getdel, mget, append, strlen, getrange]

    private static let get = CommandDescriptor(
        "get",
        .data(runGet),
        arity: 2,
        .string,
        since: "1.0.0",
        "Get the value of a key",
        flags: "readonly fast",
        categories: "read string fast",
        keys: .one("RO access"),
        arguments: [.key]
    )

    private static let getdel = CommandDescriptor(
        "getdel",
        .data(runGetdel),
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
        "mget",
        .data(runMget),
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

    private static let append = CommandDescriptor(
        "append",
        .data(runAppend),
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
        "strlen",
        .data(runStrlen),
        arity: 2,
        .string,
        since: "2.2.0",
        "Get the length of the value stored in a key",
        flags: "readonly fast",
        categories: "read string fast",
        keys: .one("RO"),
        arguments: [.key]
    )

    private static let getrange = CommandDescriptor(
        "getrange",
        .data(runGetrange),
        arity: 4,
        .string,
        since: "2.4.0",
        "Get a substring of the string stored at a key",
        complexity: "O(N) where N is the length of the returned string. The complexity is ultimately determined by the "
            + "returned length, but because creating a substring from an existing string is very cheap, it can be "
            + "considered O(1) for small strings.",
        flags: "readonly",
        categories: "read string slow",
        keys: .one("RO access"),
        arguments: [.key, .init("start", .integer), .init("end", .integer)]
    )

    // MARK: What they do

    @Sendable
    private static func runGet(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        let state = try session.find(session.key) { reply.bulk($0.bytes) }
        if state == .absent { reply.null() }
        return session.count(state)
    }

    @Sendable
    private static func runStrlen(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        let state = try session.find(session.key) { reply.integer(Int64($0.bytes.count)) }
        if state == .absent { reply.integer(0) }
        return session.count(state)
    }

    @Sendable
    private static func runGetdel(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        var old: [UInt8] = []
        if try session.current({ old = Array($0.bytes) }) {
            session.delete()
            reply.bulk(old)
        } else {
            session.awaitWhatWasSeen()
            reply.null()
        }
        return .done
    }

    @Sendable
    private static func runMget(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        let start = reply.end
        // Taken out, so that it is not copied when it grows.
        var parts = session.progress?.reply
        session.progress?.reply = nil
        if parts == nil { reply.array(count: arguments.count - 1) }
        var isTooLong = false
        var turn = KeyTurn()
        let outcome = try session.forKeys(arguments, &turn) { session, key, turn throws(StorageError) in
            let state = try session.find(key) { value in
                turn.bytes += value.bytes.count
                if parts == nil, turn.bytes > KeyProgress.bytesPerTurn {
                    parts = ReplyParts()
                    parts?.take(from: &reply, start: start)
                }
                if parts == nil { reply.bulk(value.bytes) } else { parts?.bulk(value.bytes) }
            }
            if state == .absent {
                if parts == nil { reply.null() } else { parts?.null(version: reply.version) }
            }
            session.count(state)
            isTooLong = (parts?.bytes ?? 0) + reply.end - start > Reply.bytesMax
            return isTooLong ? .cold : state
        }
        if isTooLong {
            session.progress = nil
            reply.takeBack(to: start)
            reply.tooLong("ask for fewer keys")
            return .done
        }
        guard outcome != .done || parts != nil else { return .done }
        var whole = parts ?? ReplyParts()
        parts = nil
        // What this turn has written without them joins the parts, and all of it goes out together.
        whole.take(from: &reply, start: start)
        session.keep(whole, isWhole: outcome == .done)
        return outcome
    }

    @Sendable
    private static func runAppend(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        let suffix = arguments[2]
        var value: [UInt8] = []
        var expiry: UInt64 = 0
        _ = try session.current {
            value.reserveCapacity($0.bytes.count + suffix.count)
            value.append(contentsOf: $0.bytes)
            expiry = $0.expiry
        }
        guard value.count + suffix.count <= StorageLimits.valueBytesMax else {
            session.awaitWhatWasSeen()
            reply.error("ERR string exceeds maximum allowed size (\(StorageLimits.valueBytesMax) bytes)")
            return .done
        }
        value.append(contentsOf: suffix)
        // The joined value is larger than what was admitted; the open batch may pass its soft limit by one value.
        value.withUnsafeBytes { session.put($0, expiry: expiry) }
        reply.integer(Int64(value.count))
        return .done
    }

    @Sendable
    private static func runGetrange(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        guard let start = RESPInteger.parse(arguments[2]), let end = RESPInteger.parse(arguments[3]) else {
            reply.notAnInteger()
            return .done
        }
        let state = try session.find(session.key) {
            let range = range(from: start, through: end, of: $0.bytes.count)
            reply.bulk(UnsafeRawBufferPointer(rebasing: $0.bytes[range]))
        }
        if state == .absent { reply.bulk("") }
        return session.count(state)
    }

    /// As Redis counts: negative places from the end, both ends included, and whatever is outside is moved inside.
    private static func range(from start: Int64, through end: Int64, of count: Int) -> Range<Int> {
        guard count > 0, start >= 0 || end >= 0 || start <= end else { return 0..<0 }
        let count = Int64(count)
        let first = max(0, start < 0 ? count + start : start)
        let last = min(count - 1, max(0, end < 0 ? count + end : end))
        return first <= last ? Int(first)..<Int(last) + 1 : 0..<0
    }
}
