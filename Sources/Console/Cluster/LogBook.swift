import Synchronization

/// One line that a node in this process logged.
package struct LogLine: Hashable, Sendable {
    package enum Level: Int, CaseIterable, Comparable, Sendable {
        case debug, info, notice, warning, error

        package var name: String { "\(self)" }

        package static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }
    }

    /// Wall clock, seconds since 1970.
    package var unixSeconds: Int
    package var level: Level
    package var text: String

    package init(unixSeconds: Int, level: Level, text: String) {
        self.unixSeconds = unixSeconds
        self.level = level
        self.text = text
    }
}

/// The newest lines that nodes in this process logged, from any thread, until the console takes them.
package final class LogBook: Sendable {
    /// More than anybody scrolls through; the console's log file has all of them.
    package static let linesMax = 2_000
    /// A line beyond that is cut: it is read on one line of a screen.
    private static let lineBytesMax = 2_048

    private struct State {
        var lines: [LogLine] = []
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// Never blocks longer than the copy of a line takes.
    package func add(_ line: LogLine) {
        var line = line
        if line.text.utf8.count > Self.lineBytesMax {
            line.text = String(decoding: line.text.utf8.prefix(Self.lineBytesMax), as: UTF8.self)
        }
        let wake = state.withLock { state in
            state.lines.append(line)
            if state.lines.count > Self.linesMax { state.lines.removeFirst() }
            // Only the first line of several wakes: the others are taken with it.
            return state.lines.count == 1 ? state.wake : nil
        }
        wake?()
    }

    /// The lines since the last call, oldest first.
    package func drain() -> [LogLine] {
        state.withLock { state in
            defer { state.lines = [] }
            return state.lines
        }
    }

    /// `wake` is called, from any thread, when there are lines to take.
    package func onChange(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }
}
