import Model

extension SlowLog {
    /// Notes what took so long, if that was too long. One look at the clock per read of a socket, and the words only of what
    /// was slow.
    func note(
        _ nanoseconds: UInt64,
        _ count: Int,
        of connection: ConnectionHandler,
        _ words: () -> [[UInt8]]
    ) {
        note(
            nanoseconds: nanoseconds,
            time: Clock.wallMilliseconds() / 1_000,
            count: count,
            client: connection.remoteAddress,
            words
        )
    }

    /// A command's words as far as the log keeps them, and a little more, which tells that there was more.
    static func words(of arguments: Arguments) -> [[UInt8]] {
        var words: [[UInt8]] = []
        for index in 0..<min(arguments.count, wordsMax + 1) {
            words.append(Array(arguments[index].prefix(wordBytesMax + 1)))
        }
        return words
    }
}
