import Glibc

/// What is shown again and again.
enum Watch {
    /// Calls `show` each second, the first time at once, until Ctrl-C: that is how watching is meant to end, so that no document
    /// is cut in half, and the exit code is 0.
    static func everySecond(_ show: sending @escaping (_ isFirst: Bool) async throws -> Void) async throws {
        let signals = EndingSignals([SIGINT])
        let watching = Task {
            var isFirst = true
            while !Task.isCancelled {
                let began = ContinuousClock.now
                try await show(isFirst)
                isFirst = false
                // The pace of the display, not a wait for anything; cut short by the end of the task.
                try? await Task.sleep(until: began.advanced(by: .seconds(1)), clock: .continuous)
            }
        }
        let arrivals = signals.arrivals
        let ending = Task {
            for await _ in arrivals { watching.cancel() }
        }
        defer { withExtendedLifetime(signals) { ending.cancel() } }
        try await watching.value
    }
}
