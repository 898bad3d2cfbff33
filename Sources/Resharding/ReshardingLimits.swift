/// The periods and bounds of resharding, each with its reason. Times are milliseconds.
package enum ReshardingLimits {
    // MARK: Plans

    /// Slots of one move: a hand-over holds the writes of so many slots for some milliseconds, and what is begun anew
    /// after a change of leader is one move.
    package static let slotsPerMoveMax = 256
    /// Bytes of one move by the counts of the plan: less than a second at full speed, so the log that must be kept for
    /// it, and what a restart repeats, stay small. A single slot with more is a move of its own: slots are not divided.
    package static let bytesPerMoveMax: UInt64 = 64 << 20
    /// Bytes per second of all targets together that estimates assume where no rate is given: what one disk takes.
    package static let assumedBytesPerSecond: UInt64 = 100_000_000

    /// Ranges of slots that a job's document lists of earlier jobs: beside its moves, they fit into 1 MiB.
    package static let earlierRangesMax = 32_768

    // MARK: The stream

    /// Said in the hello, so that a later version can refuse or adapt.
    package static let protocolVersion = 1
    /// A chunk is closed at this size; only a single larger entry exceeds it.
    package static let chunkBytes = 256 << 10
    /// Bytes sent and not yet acknowledged: 100 MB/s over an 80 ms round trip with its commit, and what a target keeps
    /// in memory of one stream.
    package static let windowBytes = 8 << 20
    /// Bytes that a target has handed to its log and that are not committed: several chunks share a sync.
    package static let importBytesMax = 4 << 20
    /// Bytes of log that one read looks through for entries of the moving slots: some milliseconds of a loop.
    package static let logScanBytes = 4 << 20
    /// Log that a source keeps for one copy beyond what it keeps anyway. A copy that takes longer begins anew.
    package static let pinnedLogBytesMax: UInt64 = 4 << 30
    /// No log has so many records: a peer that says so is broken, and a log that jumped there could not go on.
    package static let sequenceMax: UInt64 = 1 << 56
    /// Targets that copy from one shard at the same time; the others wait.
    package static let linksMax = 64
    /// A source says where it stands at least this often: far below `silenceMax`.
    package static let markPeriod: UInt64 = 100
    /// A target says what it has at least this often.
    package static let acknowledgePeriod: UInt64 = 500
    /// It says so at once when so much is new: a small part of the window.
    package static let acknowledgeBytes: UInt64 = 256 << 10
    /// A link without a frame for so long is dropped, as with replicas.
    package static let silenceMax: UInt64 = 2_000
    /// A source may take so long to accept: its applier may have a full queue to put into the engine first.
    package static let acceptPatience: UInt64 = 15_000

    // MARK: Hand-over

    /// The hand-over is asked for when so little is left to ship, and when that takes no longer than `handOverTime` at the speed of
    /// now: writes are held for about so long.
    package static let handOverBytesMax: UInt64 = 1 << 20
    package static let handOverTime: UInt64 = 50
    /// So little is always near, at whatever speed was seen.
    package static let nearBytes: UInt64 = 64 << 10
    /// Writes are released if the target has not confirmed in this time; as long as a switchover may take.
    package static let holdMax: UInt64 = 1_000
    /// A target that has confirmed lets commands wait so long for the outcome: where several shards hand over at once, one
    /// change of the map after the other has to be tried again, and the source may know its outcome before the target's
    /// snapshot shows it. Sent back to the source meanwhile, a client would go to and fro between the two. Longer than a dead
    /// source's lease, after which its next leader has settled it.
    package static let promiseHoldMax: UInt64 = 5_000
    /// The first pause before a hand-over is asked for again, doubling up to `askAgainMax`.
    package static let askAgainFirst: UInt64 = 50
    package static let askAgainMax: UInt64 = 2_000
    /// A compare-and-swap without an answer is sent again after this.
    package static let retryPause: UInt64 = 100
    /// Catch-up that has not come nearer in this time goes on without limits.
    package static let hurryAfter: UInt64 = 2_000

    // MARK: The node

    /// The longest time between two ticks while a job runs: less than a hand-over may take.
    package static let tickPeriod: UInt64 = 20
    /// The first pause before a move is tried again, doubling up to `moveRetryMax`: a failover takes seconds.
    package static let moveRetryFirst: UInt64 = 100
    package static let moveRetryMax: UInt64 = 5_000
    /// What could not be appended (a full disk) is tried again after this.
    package static let appendRetry: UInt64 = 500
    /// Each shard's leader waits so long for those before it in the map to end a job: they need not all write it.
    package static let endingStagger: UInt64 = 100
    package static let endingStaggerMax: UInt64 = 2_000
}
