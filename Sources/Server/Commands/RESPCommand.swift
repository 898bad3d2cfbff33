/// A command that a node knows: its place in `CommandRegistry.descriptors`. What it is stands in its `CommandDescriptor`.
package struct RESPCommand: Hashable, Sendable {
    let index: UInt8

    /// All of them, in the order of the registry.
    package static let all = CommandRegistry.descriptors.indices.map { RESPCommand(index: UInt8($0)) }

    package var descriptor: CommandDescriptor { CommandRegistry.descriptors[Int(index)] }

    /// In lower case, as in error messages.
    package var name: String { descriptor.name }

    /// The number of arguments with the name; negative: at least so many.
    package var arity: Int { Int(CommandRegistry.traits[self].arity) }

    /// Whether it must go through the commit log of a leader.
    package var isWrite: Bool { CommandRegistry.traits[self].isWrite }

    /// The argument that is the first key, 0 for a command without keys.
    package var firstKey: Int { Int(CommandRegistry.traits[self].firstKey) }

    /// The argument that is the last key; negative: counted from the end, -1 the last argument.
    package var lastKey: Int { Int(CommandRegistry.traits[self].lastKey) }

    /// Arguments from one key to the next.
    package var step: Int { Int(CommandRegistry.traits[self].step) }

    /// The command of that name in any case, nil if there is none. No allocation; reads `name` only during the call.
    package static func lookup(_ name: UnsafeRawBufferPointer) -> RESPCommand? { CommandRegistry.lookup.find(name) }
}
