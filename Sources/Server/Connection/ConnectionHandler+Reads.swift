import NIOCore
import Routing
import Storage

/// Commands that change nothing. Replies and error texts are Redis' own.
extension ConnectionHandler {
    /// One command's reply: eight of the largest values. MGET can name a million keys, and memory is for everybody.
    static let replyBytesMax = 128 << 20

    func executeRead(
        _ command: RESPCommand,
        _ slot: UInt16,
        _ key: UnsafeRawBufferPointer,
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore,
        _ port: StorePort
    ) {
        passReads += 1
        // Behind a write of this connection a read must see it, and must not tell of it before it is durable.
        let behindWrites = !marks.isEmpty
        if behindWrites, let number = store.awaitPending(port) { hold(for: number, isWrite: false) }
        let start = output.writerIndex
        do throws(StorageError) {
            switch command {
            case .mget: try replyMGET(bytes, store, port, behindWrites)
            case .exists: try replyEXISTS(bytes, store, port, behindWrites)
            default:
                let found = try store.read(
                    slot: slot,
                    key: key,
                    hash: KeyHash.hash(key),
                    port: port,
                    now: passNow,
                    pending: behindWrites
                ) { reply(command, with: $0) }
                countRead(isFound: found)
                if !found { replyMissing(command) }
            }
        } catch {
            output.moveWriterIndex(to: start)
            output.writeRESPError(error)
        }
    }

    @inline(__always)
    func countRead(isFound: Bool) {
        if isFound { loop.counters.hits.add(1) } else { loop.counters.misses.add(1) }
    }

    @inline(__always)
    private func reply(_ command: RESPCommand, with value: StoredValue) {
        switch command {
        case .strlen: output.writeRESPInteger(Int64(value.bytes.count))
        case .ttl: output.writeRESPInteger(remaining(value.expiry, roundedTo: 1000))
        case .pttl: output.writeRESPInteger(remaining(value.expiry, roundedTo: 1))
        case .type: output.writeRESPSimple("string")
        default: output.writeRESPBulk(value.bytes)
        }
    }

    private func replyMissing(_ command: RESPCommand) {
        switch command {
        case .strlen: output.writeRESPInteger(0)
        case .ttl, .pttl: output.writeRESPInteger(-2)
        case .type: output.writeRESPSimple("none")
        default: output.writeRESPNull(version: respVersion)
        }
    }

    private func remaining(_ expiry: UInt64, roundedTo unit: Int64) -> Int64 {
        expiry == 0 ? -1 : (Int64(clamping: expiry) - Int64(clamping: passNow) + unit / 2) / unit
    }

    private func replyMGET(
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore,
        _ port: StorePort,
        _ pending: Bool
    ) throws(StorageError) {
        let start = output.writerIndex
        output.writeRESPArray(count: arguments.count - 1)
        for index in 1..<arguments.count {
            let key = arguments.bytes(index, in: bytes)
            let found = try store.read(
                slot: KeySlot.slot(of: key),
                key: key,
                hash: KeyHash.hash(key),
                port: port,
                now: passNow,
                pending: pending
            ) { output.writeRESPBulk($0.bytes) }
            countRead(isFound: found)
            if !found { output.writeRESPNull(version: respVersion) }
            guard output.writerIndex - start <= ConnectionHandler.replyBytesMax else {
                output.moveWriterIndex(to: start)
                return writeReplyTooLong("ask for fewer keys")
            }
        }
    }

    private func replyEXISTS(
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore,
        _ port: StorePort,
        _ pending: Bool
    ) throws(StorageError) {
        var count: Int64 = 0
        for index in 1..<arguments.count {
            let key = arguments.bytes(index, in: bytes)
            let found = try store.read(
                slot: KeySlot.slot(of: key),
                key: key,
                hash: KeyHash.hash(key),
                port: port,
                now: passNow,
                pending: pending
            ) { _ in }
            countRead(isFound: found)
            if found { count += 1 }
        }
        output.writeRESPInteger(count)
    }

    func writeReplyTooLong(_ advice: String) {
        output.writeRESPError("ERR the reply would be longer than \(ConnectionHandler.replyBytesMax) bytes: \(advice)")
    }
}
