/// The bounds of a reshard's documents, each with its reason.
package enum ReshardJobLimits {
    /// The lowest rate that can be asked for, in bytes per second: below it a move would never end.
    package static let rateMin: UInt64 = 64 << 10
    /// Bytes of a job's requester, of a reason, and of a refusal; one line for people.
    package static let textBytesMax = 1_024
    /// What a move takes beside its bytes, for estimates: clearing, connecting, three commits, one change of the map.
    package static let assumedMoveMilliseconds: UInt64 = 50
}
