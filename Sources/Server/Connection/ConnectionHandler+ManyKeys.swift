import NIOCore
import Routing
import Storage

/// Commands that touch any number of keys: in steps, so that no other connection waits for all of them.
extension ConnectionHandler {
    /// How far such a command has come. It is still in `input`.
    struct ManyKeys {
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

    /// Keys in one turn of the loop: about 300 µs.
    static let keysPerTurn = 1_000

    /// Calls `body` for keys from where the command stands, as many as one turn allows.
    /// - Parameter body: the key's state; `.cold` pauses the command at this key.
    func forKeys(
        _ store: ShardStore,
        _ bytes: UnsafeRawBufferPointer,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ progress: inout ManyKeys) throws(StorageError) ->
            KeyState
    ) throws(StorageError) -> Outcome {
        var progress = manyKeys ?? ManyKeys(epoch: store.readEpoch)
        defer { manyKeys = progress }
        let end = min(arguments.count, progress.next + ConnectionHandler.keysPerTurn)
        while progress.next < end {
            let key = arguments.bytes(progress.next, in: bytes)
            if try body(KeySlot.slot(of: key), key, &progress) == .cold { return .needsEngine }
            progress.next += 1
        }
        return progress.next < arguments.count ? .needsTurn : .done
    }

    /// Slots or leadership have changed since the command began to read: what it has read until then may be void.
    private func forgetVoidPart(_ store: ShardStore) {
        if let progress = manyKeys, progress.epoch != store.readEpoch { manyKeys = nil }
    }

    func executeMGET(
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore,
        _ reading: Reading
    ) throws(StorageError) -> Outcome {
        forgetVoidPart(store)
        let start = output.writerIndex
        let earlier = manyKeys?.reply?.readableBytes ?? 0
        if manyKeys == nil { output.writeRESPArray(count: arguments.count - 1) }
        var isTooLong = false
        let outcome = try forKeys(store, bytes) { slot, key, _ throws(StorageError) in
            let state = try read(slot, key, store, reading) { output.writeRESPBulk($0.bytes) }
            if state == .cold { return .cold }
            countRead(isFound: state == .present)
            if state == .absent { output.writeRESPNull(version: respVersion) }
            isTooLong = earlier + output.writerIndex - start > ConnectionHandler.replyBytesMax
            return isTooLong ? .cold : state
        }
        if isTooLong {
            output.moveWriterIndex(to: start)
            writeReplyTooLong("ask for fewer keys")
            return .done
        }
        guard outcome != .done || manyKeys?.reply != nil else { return .done }
        // The part of this turn joins the rest, and all of it goes out together.
        var part = output.getSlice(at: start, length: output.writerIndex - start) ?? ByteBuffer()
        output.moveWriterIndex(to: start)
        if manyKeys?.reply == nil { manyKeys?.reply = part } else { manyKeys?.reply?.writeBuffer(&part) }
        if outcome == .done, var whole = manyKeys?.reply { output.writeBuffer(&whole) }
        return outcome
    }

    func executeEXISTS(
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore,
        _ reading: Reading
    ) throws(StorageError) -> Outcome {
        forgetVoidPart(store)
        let outcome = try forKeys(store, bytes) { slot, key, progress throws(StorageError) in
            let state = try read(slot, key, store, reading) { _ in }
            if state != .cold { countRead(isFound: state == .present) }
            if state == .present { progress.count += 1 }
            return state
        }
        if outcome == .done { output.writeRESPInteger(manyKeys?.count ?? 0) }
        return outcome
    }

    /// Each step is a write of its own; the reply waits for all of them.
    func executeDEL(_ operation: KeyOperation, _ bytes: UnsafeRawBufferPointer) throws(StorageError) -> Outcome {
        if let failure = manyKeys?.failure { throw failure }
        let outcome = try forKeys(operation.store, bytes) { slot, key, progress in
            let each = KeyOperation(
                slot: slot,
                key: key,
                hash: KeyHash.hash(key),
                now: operation.now,
                store: operation.store,
                port: operation.port
            )
            let state = newest(each) { _ in }
            if state == .present {
                queueDelete(each)
                progress.count += 1
            }
            return state
        }
        guard outcome == .done else { return outcome }
        let removed = manyKeys?.count ?? 0
        if removed == 0 { holdForWhatWasSeen(operation) }
        output.writeRESPInteger(removed)
        return .done
    }
}
