import Glibc

/// Clocks, read once per tick and handed down.
package enum Clock {
    /// Milliseconds since 1970: expiry and the log's wall time.
    package static func wallMilliseconds() -> UInt64 { read(CLOCK_REALTIME) / 1_000_000 }

    /// Milliseconds that never go back: lag, rates, timeouts.
    package static func monotonicMilliseconds() -> UInt64 { read(CLOCK_MONOTONIC) / 1_000_000 }

    /// Nanoseconds that never go back: latencies.
    package static func monotonicNanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds since the machine's start, time asleep included: leases.
    package static func bootNanoseconds() -> UInt64 { read(CLOCK_BOOTTIME) }

    /// The same in milliseconds: ages, which must grow while the machine sleeps.
    package static func bootMilliseconds() -> UInt64 { read(CLOCK_BOOTTIME) / 1_000_000 }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var now = timespec()
        clock_gettime(clock, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}
