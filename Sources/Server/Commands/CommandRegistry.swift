/// The commands of all families. A new command is a descriptor and a function in its family.
package enum CommandRegistry {
    /// One for each command, in the order in which COMMAND lists them. At most 255; two of one name are a mistake that the
    /// tests find.
    package static let descriptors: [CommandDescriptor] =
        ConnectionCommands.all + StringCommands.all + SetCommands.all + CounterCommands.all + KeyCommands.all
        + ExpiryCommands.all + ScanCommands.all + ServerCommands.all + ClusterCommands.all

    /// What the dispatcher asks of every command.
    static let traits = CommandTraits.Table(descriptors)

    static let lookup = CommandLookup(
        descriptors.enumerated().map { ($1.name, RESPCommand(index: UInt8($0))) }
    )

    /// The descriptor of the command of that name in any case, nil if there is none.
    static func descriptor(named name: [UInt8]) -> CommandDescriptor? {
        name.withUnsafeBytes { lookup.find($0) }?.descriptor
    }
}
