/// The time an event happened. The console has no clock of its own: its runner (or a test) says what time it is.
package struct ConsoleClock: Hashable, Sendable {
    /// CLOCK_MONOTONIC, the same clock as `ClusterSnapshot.milliseconds`.
    package var milliseconds: Int
    /// Wall clock, seconds since 1970.
    package var unixSeconds: Int
    package var utcOffsetSeconds: Int

    package init(milliseconds: Int = 0, unixSeconds: Int = 0, utcOffsetSeconds: Int = 0) {
        self.milliseconds = milliseconds
        self.unixSeconds = unixSeconds
        self.utcOffsetSeconds = utcOffsetSeconds
    }

    /// The time of day: `23:59:01`.
    package var timeOfDay: String {
        NumberFormat.timeOfDay(unixSeconds: unixSeconds, utcOffsetSeconds: utcOffsetSeconds)
    }
}
