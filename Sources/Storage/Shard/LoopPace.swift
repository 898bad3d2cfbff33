/// Decides from measured times whether work that may wait for a disk runs on the event loops or leaves them: a moving
/// average with two thresholds, so that the answer does not flap.
package struct LoopPace: Sendable {
    /// Whether the work is too slow for a loop.
    package private(set) var isSlow = false
    /// Moving average of the measured times in microseconds.
    package private(set) var averageMicroseconds = 0.0
    /// Above this the loop's stall outweighs the hand-over to a thread.
    package let slowAboveMicroseconds: Double
    /// Well below the other threshold.
    package let fastBelowMicroseconds: Double
    /// The weight of a new measurement: about the last 16 count.
    private static let weight = 1.0 / 16

    package init(slowAboveMicroseconds: Double, fastBelowMicroseconds: Double) {
        self.slowAboveMicroseconds = slowAboveMicroseconds
        self.fastBelowMicroseconds = fastBelowMicroseconds
    }

    /// Of a batch's append and sync: a single slow sync changes nothing. The hand-over takes about 60 µs, and a thread
    /// commits for all loops.
    package static let commits = LoopPace(slowAboveMicroseconds: 1000, fastBelowMicroseconds: 500)
    /// Of reads of the engine. One that waits for a disk is enough to leave the loop: it takes as long as thousands of
    /// others. The lower threshold is what an engine needs whose pages are in memory, with room for a busy machine.
    package static let engineReads = LoopPace(slowAboveMicroseconds: 100, fastBelowMicroseconds: 30)

    package mutating func observe(microseconds: Double) {
        averageMicroseconds += (microseconds - averageMicroseconds) * LoopPace.weight
        if averageMicroseconds > slowAboveMicroseconds { isSlow = true }
        if averageMicroseconds < fastBelowMicroseconds { isSlow = false }
    }

    package var commitMode: CommitMode { isSlow ? .thread : .loop }
    package var readMode: ReadMode { isSlow ? .pool : .loop }
}

/// Where the sync of a batch runs.
package enum CommitMode: String, Sendable {
    /// In the event loop at the end of its tick: no thread hand-over.
    case loop
    /// In a thread, so that a slow disk does not stall the loop's reads.
    case thread
}

/// Where reads of the engine run.
package enum ReadMode: String, Sendable {
    /// On the event loop: the engine answers from memory.
    case loop
    /// On a pool of threads, while the connection waits: the engine waits for a disk.
    case pool
}
