/// The part of a descriptor that every execution looks at, without a reference to count.
struct CommandTraits {
    var arity: Int8
    var firstKey: Int8
    var lastKey: Int8
    var step: Int8
    var isWrite: Bool
    /// It has keys, and never more than one.
    var hasOneKey: Bool
    var execution: CommandExecution

    init(_ descriptor: CommandDescriptor) {
        arity = Int8(descriptor.arity)
        firstKey = Int8(descriptor.keys?.first ?? 0)
        lastKey = Int8(descriptor.keys?.last ?? 0)
        step = Int8(descriptor.keys?.step ?? 0)
        isWrite = descriptor.isWrite
        hasOneKey = firstKey != 0 && firstKey == lastKey
        execution = descriptor.execution
    }

    /// Whether the command takes so many arguments, the name among them.
    @inline(__always)
    func takes(count: Int) -> Bool { arity >= 0 ? count == Int(arity) : count >= -Int(arity) }

    /// Of all commands. Made once and kept as long as the process.
    ///
    /// `@unchecked Sendable`: the memory is written before the table is handed out and never again.
    struct Table: @unchecked Sendable {
        private let traits: UnsafePointer<CommandTraits>

        /// - Parameter descriptors: one for each command, in the order of the registry.
        init(_ descriptors: [CommandDescriptor]) {
            let memory = UnsafeMutablePointer<CommandTraits>.allocate(capacity: descriptors.count)
            for (index, descriptor) in descriptors.enumerated() {
                (memory + index).initialize(to: CommandTraits(descriptor))
            }
            traits = UnsafePointer(memory)
        }

        subscript(command: RESPCommand) -> CommandTraits {
            // A copy would count references.
            @inline(__always) _read { yield traits[Int(command.index)] }
        }
    }
}
