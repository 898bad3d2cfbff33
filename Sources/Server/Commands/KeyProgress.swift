import Model
import Storage

/// How far a command on any number of keys has come: it goes in steps, so that no other connection waits for all of them.
/// The command is still in the input. On the connection's loop.
package final class KeyProgress {
    // What one step may take of the loop, whatever the keys are: the first bound that is reached ends it.
    /// Keys: about 300 µs.
    package static let keysPerTurn = 1_000
    /// Bytes of values that are copied, but for the last value.
    package static let bytesPerTurn = 1 << 20
    package static let nanosecondsPerTurn: UInt64 = 500_000
    /// Keys between two looks at the clock.
    package static let keysPerLook = 32
    /// Keys of which it is only asked whether their slots are served here.
    package static let checksPerTurn = 16_000

    /// What readers went by when it began.
    private(set) var epoch: UInt64
    /// The argument that is the next key.
    var next = 1
    /// Arguments in front of this one are keys that are served here.
    var checked = 0
    /// Keys found, or deleted.
    var count: Int64 = 0
    /// The reply so far, once the command has paused.
    var reply: ReplyParts?
    /// All of a large reply: the command is done.
    var wholeReply: ReplyParts?
    /// The first batch that it has written to, or has read of before it was committed.
    private(set) var firstBatch = UInt64.max
    private(set) var hasWritten = false
    /// Why what it has written was not committed: then all of it is told so.
    var failure: StorageError?

    init(epoch: UInt64) { self.epoch = epoch }

    /// What a step has done.
    func note(_ effects: ShardSession.Effects) {
        firstBatch = min(firstBatch, effects.batch)
        if effects.writes > 0 { hasWritten = true }
    }

    /// Which keys are served here has to be asked anew.
    func checkAgain(from epoch: UInt64) {
        checked = 0
        self.epoch = epoch
    }
}

/// What one step of a command on many keys has done.
struct KeyTurn {
    /// Keys found, or deleted, by all steps so far.
    var count: Int64 = 0
    /// Bytes of values that were copied.
    var bytes = 0
}

extension ShardSession {
    /// Calls `body` for keys from where the command stands, as many as one turn allows.
    /// - Parameter body: the key's state; `.cold` pauses the command at this key.
    mutating func forKeys(
        _ arguments: Arguments,
        _ turn: inout KeyTurn,
        _ body: (_ session: inout ShardSession, _ key: ShardKey, _ turn: inout KeyTurn) throws(StorageError) -> KeyState
    ) throws(StorageError) -> CommandOutcome {
        let epoch = progress?.epoch ?? store.readEpoch
        let first = progress?.next ?? 1
        turn.count = progress?.count ?? 0
        let end = min(arguments.count, first + KeyProgress.keysPerTurn)
        let deadline =
            end - first > KeyProgress.keysPerLook ? Clock.monotonicNanoseconds() + KeyProgress.nanosecondsPerTurn : .max
        var next = first
        var outcome = CommandOutcome.done
        while next < end {
            if try body(&self, ShardKey(arguments[next]), &turn) == .cold {
                outcome = .needsEngine
                break
            }
            next += 1
            if turn.bytes >= KeyProgress.bytesPerTurn { break }
            if (next - first) % KeyProgress.keysPerLook == 0, deadline < .max, Clock.monotonicNanoseconds() > deadline {
                break
            }
        }
        if outcome == .done, next == arguments.count { return .done }
        // Only now: commands on a few keys are done in one turn, and need no memory for this.
        let steps = progress ?? KeyProgress(epoch: epoch)
        steps.next = next
        steps.count = turn.count
        steps.checked = arguments.count
        progress = steps
        return outcome == .done ? .needsTurn : outcome
    }

    /// Slots or leadership have changed, perhaps, since the command began: what it has read until then may be void, and
    /// which keys are served here is not known any more. What it has written stays written.
    mutating func forgetVoidPart(isWrite: Bool) {
        guard let steps = progress, steps.epoch != store.readEpoch else { return }
        if isWrite { steps.checkAgain(from: store.readEpoch) } else { progress = nil }
    }

    /// The keys in front of that argument are served here.
    mutating func noteChecked(before index: Int) {
        let steps = progress ?? KeyProgress(epoch: store.readEpoch)
        steps.checked = index
        progress = steps
    }

    /// Keeps the reply of a command that has paused, or a large one that is whole.
    mutating func keep(_ reply: ReplyParts, isWhole: Bool) {
        let steps = progress ?? KeyProgress(epoch: store.readEpoch)
        if isWhole { steps.wholeReply = reply } else { steps.reply = reply }
        progress = steps
    }
}
