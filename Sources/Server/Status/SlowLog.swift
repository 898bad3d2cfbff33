import Synchronization

/// The newest commands that took long, for `GET /slowlog` and the console. What is measured is the time that they kept their
/// connection, and other commands of it, from going on; not the wait for disks and replicas.
package final class SlowLog: Sendable {
    /// One command, or several of one read of a socket.
    package struct Entry: Hashable, Sendable, Codable {
        /// Rises by one with each entry of a node.
        package var number: UInt64
        /// Seconds since 1970.
        package var time: Int
        package var microseconds: UInt64
        /// Name and arguments, of several commands those of the last; cut, and made of whatever the client sent.
        package var command: String
        /// Commands that share the time.
        package var count: Int
        /// The client's address.
        package var client: String

        package init(
            number: UInt64,
            time: Int,
            microseconds: UInt64,
            command: String,
            count: Int,
            client: String
        ) {
            self.number = number
            self.time = time
            self.microseconds = microseconds
            self.command = command
            self.count = count
            self.client = client
        }
    }

    /// As Redis does (slowlog-log-slower-than, slowlog-max-len).
    package static let threshold: UInt64 = 10_000_000
    package static let entriesMax = 128
    /// Of one command, so that the log takes no memory worth speaking of.
    static let wordsMax = 8
    static let wordBytesMax = 64

    private let state = Mutex<(next: UInt64, entries: [Entry])>((1, []))

    package init() {}

    /// Newest first. Any thread.
    package var entries: [Entry] { state.withLock { $0.entries.reversed() } }

    /// Takes a command in if it was slow; any thread.
    /// - Parameters:
    ///   - nanoseconds: what it took.
    ///   - time: seconds since 1970.
    ///   - words: called for one that was slow: its name and arguments.
    package func note(
        nanoseconds: UInt64,
        time: UInt64,
        count: Int,
        client: String,
        _ words: () -> [[UInt8]]
    ) {
        guard nanoseconds >= SlowLog.threshold else { return }
        let command = SlowLog.text(of: words())
        state.withLock { state in
            let entry = Entry(
                number: state.next,
                time: Int(clamping: time),
                microseconds: nanoseconds / 1_000,
                command: command,
                count: count,
                client: client
            )
            state.next += 1
            state.entries.append(entry)
            if state.entries.count > SlowLog.entriesMax { state.entries.removeFirst() }
        }
    }

    private static func text(of words: [[UInt8]]) -> String {
        var parts = words.prefix(wordsMax).map { word in
            String(decoding: word.prefix(wordBytesMax), as: UTF8.self) + (word.count > wordBytesMax ? "…" : "")
        }
        if words.count > wordsMax { parts.append("…") }
        return parts.joined(separator: " ")
    }
}

/// The document of `GET /slowlog`.
package struct SlowLogDocument: Hashable, Sendable, Codable {
    package var address: String
    package var thresholdMicroseconds: UInt64
    /// Newest first.
    package var entries: [SlowLog.Entry]

    package init(address: String, entries: [SlowLog.Entry]) {
        self.address = address
        thresholdMicroseconds = SlowLog.threshold / 1_000
        self.entries = entries
    }

    enum CodingKeys: String, CodingKey {
        case address, entries
        case thresholdMicroseconds = "threshold_microseconds"
    }
}
