import NIOCore
import Storage

/// What goes to the slow log: one look at the clock per read of a socket, and the words only of what was slow.
extension ConnectionHandler {
    /// After work of the thread pool; the commands after it have waited.
    func noteSlowBlocking() {
        guard let done = blocking else { return }
        blocking = nil
        noteSlow(Clock.monotonicNanoseconds() - done.since, 1) { done.words }
    }

    func noteSlow(_ nanoseconds: UInt64, _ count: Int, _ words: () -> [[UInt8]]) {
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
