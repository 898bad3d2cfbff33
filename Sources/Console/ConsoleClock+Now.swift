import Glibc

extension ConsoleClock {
    /// Of this moment; for the runners, which are what does I/O here.
    static func now() -> ConsoleClock {
        var monotonic = timespec()
        clock_gettime(CLOCK_MONOTONIC, &monotonic)
        var now = time(nil)
        var local = tm()
        localtime_r(&now, &local)
        return ConsoleClock(
            milliseconds: monotonic.tv_sec * 1_000 + monotonic.tv_nsec / 1_000_000,
            unixSeconds: now,
            utcOffsetSeconds: local.tm_gmtoff
        )
    }
}
