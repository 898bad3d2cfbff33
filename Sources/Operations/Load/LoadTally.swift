import Histogram

/// What one event loop has counted; added up at the end of a phase.
struct LoadTally: Sendable {
    /// Latencies in nanoseconds up to a minute, to three digits: what is longer counts as a minute.
    static let latencyMax: UInt64 = 60_000_000_000

    var latencies = Histogram<UInt64>(highestTrackableValue: latencyMax, numberOfSignificantValueDigits: .three)
    /// Operations answered, errors among them.
    var completed = 0
    /// Reads that found no value.
    var misses = 0
    /// Operations sent again because the node named another one.
    var redirects = 0
    var errors: [String: Int] = [:]
    /// The longest time without an operation that was done, in nanoseconds: how long a change of leader is felt.
    private(set) var longestGap: UInt64 = 0
    private var lastDoneAt: UInt64?

    /// - Parameters:
    ///   - count: operations answered at `now`, of which `redirected` were sent on and are not done yet.
    ///   - now: nanoseconds of the monotonic clock.
    mutating func record(_ count: Int, redirected: Int, sentAt: UInt64, now: UInt64) {
        latencies.record(min(max(now - sentAt, 1), Self.latencyMax), count: UInt64(count))
        guard count > redirected else { return }
        completed += count - redirected
        if let lastDoneAt { longestGap = max(longestGap, now - lastDoneAt) }
        lastDoneAt = now
    }

    mutating func fail(_ kind: String, count: Int = 1) {
        errors[kind, default: 0] += count
    }

    mutating func add(_ other: LoadTally) {
        latencies.add(other.latencies)
        completed += other.completed
        misses += other.misses
        redirects += other.redirects
        errors.merge(other.errors, uniquingKeysWith: +)
        longestGap = max(longestGap, other.longestGap)
    }
}
