/// A session as granted or renewed.
///
/// It lives for at least `ttl` after `sentAt`; unless renewed, it ends soon after, and every key tied to it vanishes.
package struct SessionLease: Hashable, Sendable {
    /// Random, 16 hexadecimal digits; never used again.
    package var id: String
    /// Milliseconds of CLOCK_BOOTTIME, read before the request was sent, rounded down.
    package var sentAt: UInt64
    /// Milliseconds, as granted: never less than was asked for, possibly more (etcd grants whole seconds, at least 2).
    package var ttl: UInt64

    package init(id: String, sentAt: UInt64, ttl: UInt64) {
        self.id = id
        self.sentAt = sentAt
        self.ttl = ttl
    }
}
