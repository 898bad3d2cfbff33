import Synchronization

/// Lets one log line through per interval, so that a client can't fill the disk with them. Any thread.
package final class LogPace: Sendable {
    private let intervalNanoseconds: UInt64
    private let nextAt = Atomic<UInt64>(0)

    package init(intervalSeconds: UInt64) { intervalNanoseconds = intervalSeconds * 1_000_000_000 }

    /// Whether to log now; counts as logged if so.
    /// - Parameter now: nanoseconds of the monotonic clock.
    package func isDue(now: UInt64) -> Bool {
        let due = nextAt.load(ordering: .relaxed)
        guard now >= due else { return false }
        return nextAt.compareExchange(expected: due, desired: now + intervalNanoseconds, ordering: .relaxed).exchanged
    }
}
