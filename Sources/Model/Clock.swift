import Glibc

/// Clocks, read once per tick and handed down.
///
/// Inlinable, as all that commands call in this room: each is a few instructions, which a call between rooms would double.
package enum Clock {
    /// Milliseconds since 1970: expiry and the log's wall time.
    @inlinable package static func wallMilliseconds() -> UInt64 { read(CLOCK_REALTIME) / 1_000_000 }

    /// Milliseconds that never go back: lag, rates, timeouts.
    @inlinable package static func monotonicMilliseconds() -> UInt64 { read(CLOCK_MONOTONIC) / 1_000_000 }

    /// Nanoseconds that never go back: latencies.
    @inlinable package static func monotonicNanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds since the machine's start, time asleep included: leases.
    @inlinable package static func bootNanoseconds() -> UInt64 { read(CLOCK_BOOTTIME) }

    /// The same in milliseconds: ages, which must grow while the machine sleeps.
    @inlinable package static func bootMilliseconds() -> UInt64 { read(CLOCK_BOOTTIME) / 1_000_000 }

    @usableFromInline @inline(__always) static func read(_ clock: clockid_t) -> UInt64 {
        var now = timespec()
        clock_gettime(clock, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}
