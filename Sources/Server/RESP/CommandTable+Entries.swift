extension CommandTable {
    /// What COMMAND tells of a command beyond `RESPCommand`: flags, categories and texts are Redis 7's own.
    struct Entry: Sendable {
        enum Group: String {
            case connection, string, generic, server, cluster
        }

        let command: RESPCommand
        let flags: [String]
        let categories: [String]
        let tips: [String]
        let keyFlags: [String]
        let group: Group
        let since: String
        let summary: String
        let complexity: String

        init(
            _ command: RESPCommand,
            _ flags: String,
            _ categories: String,
            tips: String = "",
            keyFlags: String = "",
            _ group: Group,
            since: String,
            _ summary: String,
            complexity: String = "O(1)"
        ) {
            self.command = command
            self.flags = Self.words(flags)
            self.categories = Self.words(categories).map { "@" + $0 }
            self.tips = Self.words(tips)
            self.keyFlags = Self.words(keyFlags)
            self.group = group
            self.since = since
            self.summary = summary
            self.complexity = complexity
        }

        private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
    }

    /// One for each command, in the order of `RESPCommand`.
    static let entries: [Entry] = [
        Entry(
            .hello,
            "noscript loading stale fast no_auth allow_busy",
            "fast connection",
            .connection,
            since: "6.0.0",
            "Handshake with the server"
        ),
        Entry(
            .ping,
            "fast",
            "fast connection",
            tips: "request_policy:all_shards response_policy:all_succeeded",
            .connection,
            since: "1.0.0",
            "Ping the server"
        ),
        Entry(.echo, "loading stale fast", "fast connection", .connection, since: "1.0.0", "Echo the given string"),
        Entry(
            .select,
            "loading stale fast",
            "fast connection",
            .connection,
            since: "1.0.0",
            "Change the selected database for the current connection"
        ),
        Entry(
            .client,
            "",
            "slow",
            .connection,
            since: "2.4.0",
            "A container for client connection commands",
            complexity: "Depends on subcommand."
        ),
        Entry(
            .get,
            "readonly fast",
            "read string fast",
            keyFlags: "RO access",
            .string,
            since: "1.0.0",
            "Get the value of a key"
        ),
        Entry(
            .set,
            "write denyoom",
            "write string slow",
            keyFlags: "RW access update variable_flags",
            .string,
            since: "1.0.0",
            "Set the string value of a key"
        ),
        Entry(
            .setnx,
            "write denyoom fast",
            "write string fast",
            keyFlags: "OW insert",
            .string,
            since: "1.0.0",
            "Set the value of a key, only if the key does not exist"
        ),
        Entry(
            .setex,
            "write denyoom",
            "write string slow",
            keyFlags: "OW update",
            .string,
            since: "2.0.0",
            "Set the value and expiration of a key"
        ),
        Entry(
            .psetex,
            "write denyoom",
            "write string slow",
            keyFlags: "OW update",
            .string,
            since: "2.6.0",
            "Set the value and expiration in milliseconds of a key"
        ),
        Entry(
            .getset,
            "write denyoom fast",
            "write string fast",
            keyFlags: "RW access update",
            .string,
            since: "1.0.0",
            "Set the string value of a key and return its old value"
        ),
        Entry(
            .getdel,
            "write fast",
            "write string fast",
            keyFlags: "RW access delete",
            .string,
            since: "6.2.0",
            "Get the value of a key and delete the key"
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
            .mget,
            "readonly fast",
            "read string fast",
            tips: "request_policy:multi_shard",
            keyFlags: "RO access",
            .string,
            since: "1.0.0",
            "Get the values of all the given keys",
            complexity: "O(N) where N is the number of keys to retrieve."
        ),
        Entry(
            .mset,
            "write denyoom",
            "write string slow",
            tips: "request_policy:multi_shard response_policy:all_succeeded",
            keyFlags: "OW update",
            .string,
            since: "1.0.1",
            "Set multiple keys to multiple values",
            complexity: "O(N) where N is the number of keys to set."
        ),
        Entry(
            .incr,
            "write denyoom fast",
            "write string fast",
            keyFlags: "RW access update",
            .string,
            since: "1.0.0",
            "Increment the integer value of a key by one"
        ),
        Entry(
            .decr,
            "write denyoom fast",
            "write string fast",
            keyFlags: "RW access update",
            .string,
            since: "1.0.0",
            "Decrement the integer value of a key by one"
        ),
        Entry(
            .incrby,
            "write denyoom fast",
            "write string fast",
            keyFlags: "RW access update",
            .string,
            since: "1.0.0",
            "Increment the integer value of a key by the given amount"
        ),
        Entry(
            .decrby,
            "write denyoom fast",
            "write string fast",
            keyFlags: "RW access update",
            .string,
            since: "1.0.0",
            "Decrement the integer value of a key by the given number"
        ),
        Entry(
            .append,
            "write denyoom fast",
            "write string fast",
            keyFlags: "RW insert",
            .string,
            since: "2.0.0",
            "Append a value to a key",
            complexity: "O(N) where N is the length of the new value."
        ),
        Entry(
            .strlen,
            "readonly fast",
            "read string fast",
            keyFlags: "RO",
            .string,
            since: "2.2.0",
            "Get the length of the value stored in a key"
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
        Entry(
            .dbsize,
            "readonly fast",
            "keyspace read fast",
            tips: "request_policy:all_shards response_policy:agg_sum",
            .server,
            since: "1.0.0",
            "Return the number of keys of this node"
        ),
        Entry(
            .info,
            "loading stale",
            "slow dangerous",
            tips: "nondeterministic_output request_policy:all_shards response_policy:special",
            .server,
            since: "1.0.0",
            "Get information and statistics about the server"
        ),
        Entry(
            .command,
            "loading stale",
            "slow connection",
            tips: "nondeterministic_output_order",
            .server,
            since: "2.8.13",
            "Get array of Redis command details",
            complexity: "O(N) where N is the total number of commands"
        ),
        Entry(
            .config,
            "",
            "slow",
            .server,
            since: "2.0.0",
            "A container for server configuration commands",
            complexity: "Depends on subcommand."
        ),
        Entry(
            .readonly,
            "loading stale fast",
            "fast connection",
            .cluster,
            since: "3.0.0",
            "Enables read queries for a connection to a cluster replica node"
        ),
        Entry(
            .readwrite,
            "loading stale fast",
            "fast connection",
            .cluster,
            since: "3.0.0",
            "Disables read queries for a connection to a cluster replica node"
        ),
        Entry(
            .cluster,
            "",
            "slow",
            .cluster,
            since: "3.0.0",
            "A container for cluster commands",
            complexity: "Depends on subcommand."
        ),
        Entry(
            .quit,
            "noscript loading stale fast no_auth allow_busy",
            "fast connection",
            .connection,
            since: "1.0.0",
            "Close the connection"
        ),
        Entry(
            .reset,
            "noscript loading stale fast no_auth allow_busy",
            "fast connection",
            .connection,
            since: "6.2.0",
            "Reset the connection"
        ),
        Entry(
            .asking,
            "fast",
            "fast connection",
            .cluster,
            since: "3.0.0",
            "Sent by cluster clients after an -ASK redirect"
        ),
    ]
}
