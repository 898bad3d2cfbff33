import NIOCore
import Routing
import Storage

/// How far a command on any number of keys has come: it goes in steps, so that no other connection waits for all of them.
/// The command is still in the input.
struct KeyProgress {
    /// Keys in one turn of the loop: about 300 µs.
    static let keysPerTurn = 1_000

    /// The argument that is the next key.
    var next = 1
    /// Keys found, or deleted.
    var count: Int64 = 0
    /// The reply so far, once the command has paused.
    var reply: ByteBuffer?
    /// What readers went by when it began.
    let epoch: UInt64
    /// Why what it has written was not committed: then all of it is told so.
    var failure: StorageError?

    init(epoch: UInt64) { self.epoch = epoch }
}

extension ShardSession {
    /// Calls `body` for keys from where the command stands, as many as one turn allows.
    /// - Parameter body: the key's state; `.cold` pauses the command at this key.
    mutating func forKeys(
        _ arguments: Arguments,
        _ body: (_ session: inout ShardSession, _ key: ShardKey, _ count: inout Int64) throws(StorageError) -> KeyState
    ) throws(StorageError) -> CommandOutcome {
        var steps = progress ?? KeyProgress(epoch: store.readEpoch)
        defer { progress = steps }
        let end = min(arguments.count, steps.next + KeyProgress.keysPerTurn)
        while steps.next < end {
            if try body(&self, ShardKey(arguments[steps.next]), &steps.count) == .cold { return .needsEngine }
            steps.next += 1
        }
        return steps.next < arguments.count ? .needsTurn : .done
    }

    /// Slots or leadership have changed since the command began to read: what it has read until then may be void.
    mutating func forgetVoidPart() {
        if let steps = progress, steps.epoch != store.readEpoch { progress = nil }
    }
}
