extension CommandTable {
    /// Commands on keys of any type; Redis has WAIT among them.
    static let genericEntries: [Entry] = [
        Entry(
            .wait,
            "noscript",
            "slow connection",
            tips: "request_policy:all_shards response_policy:agg_min",
            .generic,
            since: "3.0.0",
            "Wait for the synchronous replication of all the write commands sent in the context of the current connection"
        ),
        Entry(
            .del,
            "write",
            "keyspace write slow",
            tips: "request_policy:multi_shard response_policy:agg_sum",
            keyFlags: "RM delete",
            .generic,
            since: "1.0.0",
            "Delete a key",
            complexity: "O(N) where N is the number of keys that will be removed."
        ),
        Entry(
            .unlink,
            "write fast",
            "keyspace write fast",
            tips: "request_policy:multi_shard response_policy:agg_sum",
            keyFlags: "RM delete",
            .generic,
            since: "4.0.0",
            "Delete a key; here the same as DEL",
            complexity: "O(N) where N is the number of keys that will be removed."
        ),
        Entry(
            .exists,
            "readonly fast",
            "keyspace read fast",
            tips: "request_policy:multi_shard response_policy:agg_sum",
            keyFlags: "RO",
            .generic,
            since: "1.0.0",
            "Determine if a key exists",
            complexity: "O(N) where N is the number of keys to check."
        ),
        Entry(
            .ttl,
            "readonly fast",
            "keyspace read fast",
            tips: "nondeterministic_output",
            keyFlags: "RO access",
            .generic,
            since: "1.0.0",
            "Get the time to live for a key in seconds"
        ),
        Entry(
            .pttl,
            "readonly fast",
            "keyspace read fast",
            tips: "nondeterministic_output",
            keyFlags: "RO access",
            .generic,
            since: "2.6.0",
            "Get the time to live for a key in milliseconds"
        ),
        Entry(
            .expire,
            "write fast",
            "keyspace write fast",
            keyFlags: "RW update",
            .generic,
            since: "1.0.0",
            "Set a key's time to live in seconds"
        ),
        Entry(
            .pexpire,
            "write fast",
            "keyspace write fast",
            keyFlags: "RW update",
            .generic,
            since: "2.6.0",
            "Set a key's time to live in milliseconds"
        ),
        Entry(
            .persist,
            "write fast",
            "keyspace write fast",
            keyFlags: "RW update",
            .generic,
            since: "2.2.0",
            "Remove the expiration from a key"
        ),
        Entry(
            .type,
            "readonly fast",
            "keyspace read fast",
            keyFlags: "RO",
            .generic,
            since: "1.0.0",
            "Determine the type stored at key"
        ),
        Entry(
            .scan,
            "readonly",
            "keyspace read slow",
            tips: "nondeterministic_output request_policy:special",
            .generic,
            since: "2.8.0",
            "Incrementally iterate the keys space",
            complexity: "O(1) for every call."
        ),
        Entry(
            .keys,
            "readonly",
            "keyspace read slow dangerous",
            tips: "request_policy:all_shards nondeterministic_output_order",
            .generic,
            since: "1.0.0",
            "Find all keys matching the given pattern",
            complexity: "O(N) with N being the number of keys."
        ),
    ]
}
