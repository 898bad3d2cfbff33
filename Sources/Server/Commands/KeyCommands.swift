import Storage

/// Commands on keys of any type; Redis has WAIT among them.
enum KeyCommands {
    static let all = [del, unlink, exists, type, wait]

    private static let del = CommandDescriptor(
        "del",
        .data(runDel),
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
        "unlink",
        .data(runUnlink),
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
        "exists",
        .data(runExists),
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
        "type",
        .data(runType),
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
        "wait",
        .keyless(runWait),
        arity: 3,
        .generic,
        since: "3.0.0",
        "Wait for the synchronous replication of all the write commands sent in the context of the current connection",
        flags: "noscript",
        categories: "slow connection",
        tips: "request_policy:all_shards response_policy:agg_min",
        arguments: [.init("numreplicas", .integer), .init("timeout", .integer)]
    )

    // MARK: What they do

    @Sendable
    private static func runDel(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        try delete(&session, arguments, &reply)
    }

    @Sendable
    private static func runUnlink(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        try delete(&session, arguments, &reply)
    }

    /// Each step is a write of its own; the reply waits for all of them.
    private static func delete(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        if let failure = session.progress?.failure { throw failure }
        var turn = KeyTurn()
        let outcome = try session.forKeys(arguments, &turn) { session, key, turn throws(StorageError) in
            let state = try session.find(key) { _ in }
            if state == .present {
                session.delete(key)
                turn.count += 1
            }
            return state
        }
        guard outcome == .done else { return outcome }
        if turn.count == 0 { session.awaitWhatWasSeen() }
        reply.integer(turn.count)
        return .done
    }

    @Sendable
    private static func runExists(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        var turn = KeyTurn()
        let outcome = try session.forKeys(arguments, &turn) { session, key, turn throws(StorageError) in
            let state = try session.find(key) { _ in }
            session.count(state)
            if state == .present { turn.count += 1 }
            return state
        }
        if outcome == .done { reply.integer(turn.count) }
        return outcome
    }

    @Sendable
    private static func runType(
        _ session: inout ShardSession,
        _ arguments: Arguments,
        _ reply: inout Reply
    ) throws(StorageError) -> CommandOutcome {
        let state = try session.find(session.key) { _ in reply.simple("string") }
        if state == .absent { reply.simple("none") }
        return session.count(state)
    }

    @Sendable
    private static func runWait(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        let state = connection.state
        if state.isAboutToLead { return connection.park() }
        guard state.store != nil else { return reply.notServing(state) }
        guard state.isLeader else {
            return reply.error(
                "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is "
                    + "configured to be writable (which is not the default) writes to replicas are just local and are "
                    + "not propagated."
            )
        }
        guard let replicas = RESPInteger.parse(arguments[1]) else { return reply.notAnInteger() }
        guard let timeout = RESPInteger.parse(arguments[2]) else {
            return reply.error("ERR timeout is not an integer or out of range")
        }
        guard timeout >= 0 else { return reply.error("ERR timeout is negative") }
        connection.awaitReplicas(Int(clamping: replicas), timeout: timeout)
    }
}
