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
        _ port: StorePort,
        isLocked: Bool
    ) -> Outcome {
        passReads += 1
        // Behind a write of this connection a read must see it, and must not tell of it before it is durable.
        if isLocked, let number = store.awaitPending(port) { hold(for: number, isWrite: false) }
        let reading = isLocked ? Reading.newest : .visible(port)
        let start = output.writerIndex
        do throws(StorageError) {
            if let failure = takeFetchFailure() { throw failure }
            switch command {
            case .mget: return try executeMGET(bytes, store, reading)
            case .exists: return try executeEXISTS(bytes, store, reading)
            default:
                let state = try read(slot, key, store, reading) { reply(command, with: $0) }
                if state == .cold { return .needsEngine }
                countRead(isFound: state == .present)
                if state == .absent { replyMissing(command) }
            }
        } catch {
            output.moveWriterIndex(to: start)
            output.writeRESPError(error)
        }
        return .done
    }

    /// Why the engine could not be asked, once.
    func takeFetchFailure() -> StorageError? {
        guard fetchFailure != nil else { return nil }
        defer { fetchFailure = nil }
        return fetchFailure
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

    func writeReplyTooLong(_ advice: String) {
        output.writeRESPError("ERR the reply would be longer than \(ConnectionHandler.replyBytesMax) bytes: \(advice)")
    }
}
