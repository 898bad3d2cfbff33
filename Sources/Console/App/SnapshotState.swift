import Model
import Server

/// Which status is shown, and how often another one is. The history takes every one; the screen does not.
package struct SnapshotState: Sendable {
    /// What is shown.
    package private(set) var shown: ClusterSnapshot?
    /// Newer and not due yet, or held back by a pause.
    private var waiting: ClusterSnapshot?
    private var shownAt: Int?
    package var refreshMilliseconds: Int
    package private(set) var isPaused = false

    init(refreshMilliseconds: Int) { self.refreshMilliseconds = refreshMilliseconds }

    /// The newest one, shown or not.
    var newest: ClusterSnapshot? { waiting ?? shown }

    /// Nodes in this process that would stop with it.
    var embeddedRunning: Int {
        guard let newest else { return 0 }
        return newest.status.shards.flatMap(\.nodes).count {
            newest.embedded.contains($0.address) && $0.state != .stopped
        }
    }

    mutating func receive(_ snapshot: ClusterSnapshot) { waiting = snapshot }

    /// Whether the newest one is to be shown now.
    func isDue(now: Int) -> Bool {
        guard !isPaused, let waiting else { return false }
        // A node that stops or starts is news, whatever the pace of the details.
        guard let shown, shown.states == waiting.states, let shownAt else { return true }
        // Sources are as regular as a timer: a snapshot that comes a few milliseconds early is not a second late.
        let tolerance = refreshMilliseconds / 5
        return now - shownAt >= refreshMilliseconds - tolerance
    }

    /// Shows the newest one; false if it was shown already.
    mutating func show(now: Int) -> Bool {
        guard let waiting else { return false }
        self.waiting = nil
        shown = waiting
        shownAt = now
        return true
    }

    mutating func togglePause() { isPaused.toggle() }

    /// `+` and `-`: more often (`-1`) or less (`1`).
    mutating func step(_ direction: Int) -> [ViewEffect] {
        let steps = ConsoleOptions.refreshSteps
        let next =
            direction < 0
            ? steps.last { $0 < refreshMilliseconds } ?? steps[0]
            : steps.first { $0 > refreshMilliseconds } ?? steps[steps.count - 1]
        return set(next)
    }

    /// `:refresh SECONDS`
    mutating func set(seconds argument: String) -> [ViewEffect] {
        guard let milliseconds = Self.milliseconds(seconds: argument), (250...60_000).contains(milliseconds) else {
            return [.say("\"\(argument)\" is no refresh rate; give seconds from 0.25 to 60", .error)]
        }
        return set(milliseconds)
    }

    private mutating func set(_ milliseconds: Int) -> [ViewEffect] {
        refreshMilliseconds = milliseconds
        let seconds = milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)" : "\(Double(milliseconds) / 1_000)"
        return [.say("refreshed every \(seconds) s")]
    }

    private static func milliseconds(seconds: String) -> Int? {
        guard let value = Double(seconds), value.isFinite, (0...1_000).contains(value) else { return nil }
        return Int((value * 1_000).rounded())
    }
}
