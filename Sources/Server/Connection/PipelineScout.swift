import Storage

/// Looks ahead in a pipeline and has the memory loaded that its next reads will look at: a look into the hot table costs
/// more than the rest of a GET when it waits for memory, and several waits at once cost as much as one (GET at `-P 64`:
/// half of the time before). What it finds is a hint only.
package struct PipelineScout: ~Copyable {
    /// About as many waits for memory as a core can have at once, and one and a half.
    private static let commandsMax = 16
    /// A longer key costs more to hash than its look-up to wait for.
    private static let keyBytesMax = 256

    private var parser = RESPRequestParser()
    private var arguments = ArgumentList()
    /// Everything in front of this place in the input was looked at.
    package private(set) var end = 0

    package init() {}

    /// Before a pass over an input.
    mutating func startOver() { end = 0 }

    /// Looks at whole commands from `offset` on. Under the port's side, not under the store's lock.
    package mutating func look(
        _ bytes: UnsafeRawBufferPointer,
        from offset: Int,
        _ store: ShardStore,
        _ port: StorePort
    ) {
        parser.startOver()
        end = offset
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: PipelineScout.commandsMax) { hashes in
            var count = 0
            while count < PipelineScout.commandsMax, end < bytes.count,
                case .complete(let next) = parser.parse(bytes, from: end, into: &arguments)
            {
                end = next
                guard arguments.count > 1 else { continue }
                let key = arguments.bytes(1, in: bytes)
                if key.count > PipelineScout.keyBytesMax { continue }
                hashes[count] = KeyHash.hash(key)
                count += 1
            }
            // What can't be read to its end now is not looked at twice in this pass.
            if count < PipelineScout.commandsMax { end = bytes.count }
            if count > 1 { store.prefetch(UnsafeBufferPointer(rebasing: hashes[..<count]), port: port) }
        }
    }
}
