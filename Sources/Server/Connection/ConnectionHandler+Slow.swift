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
                return SlowLog.words(of: words.view(in: bytes))
            }
        }
    }

    /// After work of the thread pool; the commands after it have waited.
    func noteSlowBlocking() {
        guard let done = blocking else { return }
        blocking = nil
        note(Clock.monotonicNanoseconds() - done.since, 1) { done.words }
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
    static func words(of arguments: Arguments) -> [[UInt8]] {
        var words: [[UInt8]] = []
        for index in 0..<min(arguments.count, wordsMax + 1) {
            words.append(Array(arguments[index].prefix(wordBytesMax + 1)))
        }
        return words
    }
}
