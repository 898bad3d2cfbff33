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
                // It has been read by now, so that it is whole.
                guard case .complete = RESPRequestParser.parse(bytes, from: last, into: &arguments) else { return [] }
                return words(in: bytes)
            }
        }
    }

    /// After work of the thread pool; the commands behind it have waited.
    func noteSlowBlocking() {
        guard let done = blocking else { return }
        blocking = nil
        note(Clock.monotonicNanoseconds() - done.since, 1) { done.words }
    }

    func words(in bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
        // One more than is kept tells that there were more.
        (0..<arguments.count).prefix(SlowLog.wordsMax + 1).map { index in
            Array(arguments.bytes(index, in: bytes).prefix(SlowLog.wordBytesMax + 1))
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
