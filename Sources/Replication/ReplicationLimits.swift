/// The periods and bounds of replication, each with its reason. Times are milliseconds of a monotonic clock.
package enum ReplicationLimits {
    /// The peer protocol's version; said in the hello, so that a later version can refuse or adapt.
    package static let protocolVersion = 3
    /// A leader speaks at least this often: a third of the resolution at which people are shown lag.
    package static let heartbeatPeriod: UInt64 = 100
    /// A lag up to this reads 0 to people: two heartbeats may be on their way without anything being behind.
    package static let lagResolution: UInt64 = 3 * heartbeatPeriod
    /// A link without a byte for so long is reported, dropped and tried again.
    package static let silenceMax: UInt64 = 2_000
    /// The leader gives up a connection after this; longer than `silenceMax`, so that it is shown as silent first.
    package static let leaderPatience: UInt64 = 10_000
    /// The first pause before connecting again: a new leader needs about so long to begin its term, and writes wait for
    /// its replicas.
    package static let reconnectFirst: UInt64 = 10
    /// The longest pause: a replica is back at most this long after its leader.
    package static let reconnectMax: UInt64 = 2_000
    /// Bytes sent and not yet acknowledged: 100 MB/s over a 160 ms round trip, and a bound on the follower's memory.
    package static let inFlightBytesMax = 16 << 20
    /// A snapshot chunk is closed at this size; only a single larger entry exceeds it.
    package static let snapshotChunkBytes = 256 << 10
    /// Byte accounts are kept in steps of this size, so that millions of tiny batches cost few entries.
    package static let ledgerStepBytes = 64 << 10
    /// Heartbeats remembered until they are applied; beyond it every second one is forgotten, which only overstates lag.
    package static let pendingHeartbeatsMax = 64
    /// Text of a refusal; one line for people.
    package static let refusalTextMax = 1_024
    /// A shard's record as text: a few hundred members.
    package static let recordTextMax = 64 << 10
    /// The part of the log that an idle reader of the paper's replication endpoint may hold back from being cut.
    package static let cursorPinBytesMax = 1 << 30
}
