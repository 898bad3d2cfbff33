import Model
import Synchronization

/// The newest commands that took long, for `GET /slowlog`, `SLOWLOG` and the console. What is measured is the time that
/// they kept their connection, and other commands of it, from going on; not the wait for disks and replicas.
package final class SlowLog: Sendable {
    package typealias Entry = SlowLogDocument.Entry

    /// As Redis does (slowlog-log-slower-than, slowlog-max-len).
    package static let threshold: UInt64 = 10_000_000
    package static let entriesMax = 128
    /// Of one command, so that the log takes no memory worth speaking of.
    static let wordsMax = 8
    static let wordBytesMax = 64

    /// An entry with name and arguments as they came, cut.
    struct Kept: Sendable {
        var entry: Entry
        var words: [[UInt8]]
    }

    private let state = Mutex<(next: UInt64, entries: [Kept])>((1, []))

    package init() {}

    /// Newest first. Any thread.
    package var entries: [Entry] { state.withLock { $0.entries.reversed().map(\.entry) } }

    /// Newest first, so many at most. Any thread.
    func newest(_ count: Int) -> [Kept] { state.withLock { $0.entries.suffix(max(0, count)).reversed() } }

    /// Any thread.
    package var count: Int { state.withLock { $0.entries.count } }

    /// Forgets all entries; numbers go on. Any thread.
    package func reset() { state.withLock { $0.entries = [] } }

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
        let words = SlowLog.cut(words())
        let command = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
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
            state.entries.append(Kept(entry: entry, words: words))
            if state.entries.count > SlowLog.entriesMax { state.entries.removeFirst() }
        }
    }

    private static func cut(_ words: [[UInt8]]) -> [[UInt8]] {
        let more = Array("…".utf8)
        let parts = words.prefix(wordsMax).map { word in
            word.count > wordBytesMax ? word.prefix(wordBytesMax) + more : word
        }
        return words.count > wordsMax ? parts + [more] : parts
    }
}

extension SlowLogDocument {
    /// With the threshold of all nodes.
    package init(address: String, entries: [Entry]) {
        self.init(address: address, thresholdMicroseconds: SlowLog.threshold / 1_000, entries: entries)
    }
}
