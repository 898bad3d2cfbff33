/// The commands of all families. A new command is a case of `RESPCommand` and a descriptor in its family.
package enum CommandRegistry {
    /// One for each command, in the order of `RESPCommand`.
    package static let descriptors: [CommandDescriptor] = families.sorted { $0.command.rawValue < $1.command.rawValue }

    private static var families: [CommandDescriptor] {
        ConnectionCommands.all + StringCommands.all + SetCommands.all + CounterCommands.all + KeyCommands.all
            + ExpiryCommands.all
            + ScanCommands.all + ServerCommands.all + ClusterCommands.all
    }

    /// What the dispatcher asks of every command.
    static let traits = CommandTraits.Table(descriptors)

    static let lookup = CommandLookup(descriptors.map { ($0.name, $0.command) })

    /// The descriptor of the command of that name in any case, nil if there is none.
    static func descriptor(named name: [UInt8]) -> CommandDescriptor? {
        name.withUnsafeBytes { lookup.find($0) }?.descriptor
    }
}
