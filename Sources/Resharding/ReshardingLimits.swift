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
    /// What a move takes beside its bytes, for estimates: clearing, connecting, three commits, one change of the map.
    package static let assumedMoveMilliseconds: UInt64 = 50
    /// The lowest rate that can be asked for, in bytes per second: below it a move would never end.
    package static let rateMin: UInt64 = 64 << 10
    /// Letters of a job's requester and of a reason; one line for people.
    package static let textBytesMax = 1_024
}
