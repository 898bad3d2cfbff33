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

    mutating func record(_ count: Int, latency nanoseconds: UInt64) {
        completed += count
        latencies.record(min(max(nanoseconds, 1), Self.latencyMax), count: UInt64(count))
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
    }
}
