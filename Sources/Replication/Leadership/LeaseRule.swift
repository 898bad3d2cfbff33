/// The timing rule of leases (docs/replication.md): when a leader renews, and when it stops by itself.
///
/// All times are milliseconds of a boot-time clock (CLOCK_BOOTTIME: it goes on while the machine sleeps). With a drift of
/// at most `driftMax` on either side, the coordinator ends a session no earlier than `ttl / (1 + drift)` of true time
/// after a renewal was sent, and a leader that counts `ttl - margin` on its own clock stops no later than
/// `(ttl - margin) / (1 - drift)` after it. The margin makes the second smaller than the first for any `ttl`, and leaves
/// a rest for the clocks' resolution.
package struct LeaseRule: Hashable, Sendable {
    /// The drift against true time that either clock may have, in thousandths: far beyond what NTP slews (0.5) and what
    /// quartz does unaided (0.1).
    package static let driftMax: UInt64 = 30
    /// A session's length in milliseconds, as it was asked of the coordinator (LeaseSeconds).
    package var ttl: UInt64

    package init(ttl: UInt64) { self.ttl = ttl }

    /// Two renewals may be lost and a third still comes in time.
    package var renewalPeriod: UInt64 { max(50, ttl / 6) }
    /// At least 2 d / (1 + d) of the length for a drift of d, 5.8 % for `driftMax`; the rest is for resolution.
    package var margin: UInt64 { max(50, ttl / 10) }

    /// From this moment on, on the leader's clock, nothing is served under a renewal sent at `sentAt`.
    package func deadline(sentAt: UInt64) -> UInt64 { sentAt + (ttl > margin ? ttl - margin : 0) }
}
