import NIOCore
import Storage

/// What goes to the slow log: one look at the clock per read of a socket, and the words only of what was slow.
extension ConnectionHandler {
    /// After a pass over `input`, whose commands are still in it.
    /// - Parameter last: where the last one begins.
    @inline(__always)
    func noteSlowPass(_ count: Int, last: Int) {
        let nanoseconds = Clock.monotonicNanoseconds() - passStart
        guard nanoseconds >= SlowLog.threshold else { return }
        note(nanoseconds, count) { [self] in
            input.withUnsafeReadableBytes { bytes in
                // With a parser and a list of its own: `arguments` may hold the beginning of the next command.
                var parser = RESPRequestParser()
                var words = ArgumentList()
                // It has been read by now, so that it is whole.
                guard case .complete = parser.parse(bytes, from: last, into: &words) else { return [] }
                return SlowLog.words(of: words, in: bytes)
            }
        }
    }

    /// After work of the thread pool; the commands behind it have waited.
    func noteSlowBlocking() {
        guard let done = blocking else { return }
        blocking = nil
        note(Clock.monotonicNanoseconds() - done.since, 1) { done.words }
    }

    /// The log that `GET /slowlog` has, in the form of Redis.
    func executeSLOWLOG(_ bytes: UnsafeRawBufferPointer) {
        let log = loop.metrics.slow
        switch subcommand(of: .slowlog, bytes) {
        case "get": executeSLOWLOGGET(bytes, log)
        case "len": output.writeRESPInteger(Int64(log.count))
        case "reset":
            log.reset()
            output.writeRESPOK()
        default: break
        }
    }

    private func executeSLOWLOGGET(_ bytes: UnsafeRawBufferPointer, _ log: SlowLog) {
        // As Redis words it.
        guard arguments.count <= 3 else {
            return output.writeRESPError("ERR wrong number of arguments for 'slowlog|get' command")
        }
        var count: Int64 = 10
        if arguments.count == 3 {
            guard let asked = RESPInteger.parse(arguments.bytes(2, in: bytes)) else {
                return output.writeRESPError("ERR value is not an integer or out of range")
            }
            guard asked >= -1 else { return output.writeRESPError("ERR count should be greater than or equal to -1") }
            count = asked == -1 ? .max : asked
        }
        let found = log.newest(Int(clamping: count))
        output.writeRESPArray(count: found.count)
        for kept in found {
            output.writeRESPArray(count: 6)
            output.writeRESPInteger(Int64(clamping: kept.entry.number))
            output.writeRESPInteger(Int64(kept.entry.time))
            output.writeRESPInteger(Int64(clamping: kept.entry.microseconds))
            output.writeRESPArray(count: kept.words.count)
            for word in kept.words { word.withUnsafeBytes { output.writeRESPBulk($0) } }
            output.writeRESPBulk(kept.entry.client)
            // Names are those of a connection, which may have gone.
            output.writeRESPBulk("")
        }
    }

    private func note(_ nanoseconds: UInt64, _ count: Int, _ words: () -> [[UInt8]]) {
        loop.metrics.slow.note(
            nanoseconds: nanoseconds,
            time: Clock.wallMilliseconds() / 1_000,
            count: count,
            client: remoteAddress,
            words
        )
    }
}

extension SlowLog {
    /// A command's words as far as the log keeps them, and a little more, which tells that there was more.
    static func words(of arguments: borrowing ArgumentList, in bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
        var words: [[UInt8]] = []
        for index in 0..<min(arguments.count, wordsMax + 1) {
            words.append(Array(arguments.bytes(index, in: bytes).prefix(wordBytesMax + 1)))
        }
        return words
    }
}
