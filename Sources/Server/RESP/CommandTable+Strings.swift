extension CommandTable {
    /// Commands on string values.
    static let stringEntries: [Entry] = [
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
    ]
}
