/// Where reads of the engine run.
package enum ReadMode: String, Sendable {
    /// On the event loop: the engine answers from memory.
    case loop
    /// On a pool of threads, while the connection waits: the engine waits for a disk.
    case pool
}

/// Decides from measured reads of the engine where they run, as `CommitPace` does for commits: a moving average with two
/// thresholds, so that the mode does not flap. One read that waits for a disk is enough to leave the loop: it takes as long
/// as thousands of others.
package struct ReadPace: Sendable {
    package private(set) var mode = ReadMode.loop
    /// Moving average of read times in microseconds.
    package private(set) var averageMicroseconds = 0.0

    /// Above this a loop's stall outweighs the hand-over to a thread and back (about 60 µs measured).
    package static let toPoolMicroseconds = 100.0
    /// What an engine needs whose pages are in memory, with room for a busy machine.
    package static let toLoopMicroseconds = 30.0
    /// The weight of a new measurement: about the last 16 reads count.
    private static let weight = 1.0 / 16

    package init() {}

    package mutating func observe(readMicroseconds: Double) {
        averageMicroseconds += (readMicroseconds - averageMicroseconds) * ReadPace.weight
        if mode == .loop, averageMicroseconds > ReadPace.toPoolMicroseconds { mode = .pool }
        if mode == .pool, averageMicroseconds < ReadPace.toLoopMicroseconds { mode = .loop }
    }
}
