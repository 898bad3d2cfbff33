/// Where the sync of a batch runs.
package enum CommitMode: String, Sendable {
    /// In the event loop at the end of its tick: no thread hand-over.
    case loop
    /// In a thread, so that a slow disk does not stall the loop's reads.
    case thread
}

/// Decides from measured sync times where the commit runs (docs/architecture.md, The life of a write): a moving average with two
/// thresholds, so that a single slow sync changes nothing and the mode does not flap.
package struct CommitPace: Sendable {
    package private(set) var mode = CommitMode.loop
    /// Moving average of sync times in microseconds.
    package private(set) var averageMicroseconds = 0.0

    /// Above this the loop's stall outweighs the hand-over to a thread (about 60 µs measured).
    package static let toThreadMicroseconds = 1000.0
    /// Well below the other threshold.
    package static let toLoopMicroseconds = 500.0
    /// The weight of a new measurement: about the last 16 syncs count.
    private static let weight = 1.0 / 16

    package init() {}

    package mutating func observe(syncMicroseconds: Double) {
        averageMicroseconds += (syncMicroseconds - averageMicroseconds) * CommitPace.weight
        if mode == .loop, averageMicroseconds > CommitPace.toThreadMicroseconds { mode = .thread }
        if mode == .thread, averageMicroseconds < CommitPace.toLoopMicroseconds { mode = .loop }
    }
}
