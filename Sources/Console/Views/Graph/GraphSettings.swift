import Terminal

/// How graphs are shown: of what they are made, and how much time a step of them is.
package struct GraphSettings: Hashable, Sendable {
    /// Seconds of a step. With the largest, the 15 minutes of the history fit on all but the narrowest plots.
    package static let steps = [1, 2, 5, 10, 15, 30]

    package var set: GraphSet
    package private(set) var secondsPerStep = 1

    package init(set: GraphSet = .braille) { self.set = set }

    /// As it was left the last time.
    package mutating func zoom(to seconds: Int) {
        if Self.steps.contains(seconds) { secondsPerStep = seconds }
    }

    /// More time in less detail (`1`), or less time in more detail (`-1`); stays at the ends.
    package mutating func zoom(_ direction: Int) {
        let index = (Self.steps.firstIndex(of: secondsPerStep) ?? 0) + direction
        secondsPerStep = Self.steps[min(max(0, index), Self.steps.count - 1)]
    }
}
