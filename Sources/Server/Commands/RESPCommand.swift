/// The commands a node knows, by which the dispatcher calls them. What each is stands in its `CommandDescriptor`.
package enum RESPCommand: UInt8, CaseIterable, Sendable {
    case hello, ping, echo, select, client, get, set, setnx, setex, psetex, getset, getdel, del, unlink,
        exists, mget, mset, incr, decr, incrby, decrby, append, strlen, ttl, pttl, expire, pexpire, persist,
        type, scan, keys, dbsize, info, command, config, readonly, readwrite, cluster, quit, reset, asking, wait,
        slowlog

    package var descriptor: CommandDescriptor { CommandRegistry.descriptors[Int(rawValue)] }

    /// In lower case, as in error messages.
    package var name: String { descriptor.name }

    /// The number of arguments with the name; negative: at least so many.
    package var arity: Int { Int(CommandRegistry.traits[self].arity) }

    /// Whether it takes so many arguments, the name among them.
    @inline(__always)
    func takes(count: Int) -> Bool { arity >= 0 ? count == arity : count >= -arity }

    /// Whether it must go through the commit log of a leader.
    package var isWrite: Bool { CommandRegistry.traits[self].isWrite }

    /// The function that executes it.
    var execution: CommandExecution { CommandRegistry.traits[self].execution }

    /// The argument that is the first key, 0 for a command without keys.
    package var firstKey: Int { Int(CommandRegistry.traits[self].firstKey) }

    /// The argument that is the last key; negative: counted from the end, -1 the last argument.
    package var lastKey: Int { Int(CommandRegistry.traits[self].lastKey) }

    /// Arguments from one key to the next.
    package var step: Int { Int(CommandRegistry.traits[self].step) }

    /// The command of that name in any case, nil if there is none. No allocation; reads `name` only during the call.
    package static func lookup(_ name: UnsafeRawBufferPointer) -> RESPCommand? { CommandRegistry.lookup.find(name) }
}
