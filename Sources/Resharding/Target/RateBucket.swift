import Model

/// Lets bytes through at a rate: a token bucket that may go into debt by one chunk.
struct RateBucket {
    /// Milliseconds of the rate that may pass at once after a pause: more than a tick, so that ticks don't limit.
    static let burst: UInt64 = 100

    private var tokens: Double = 0
    private var filledAt: UInt64?

    /// Whether something may pass now.
    mutating func isOpen(rate: UInt64, now: UInt64) -> Bool {
        let most = Double(rate) * Double(Self.burst) / 1_000
        if let last = filledAt {
            tokens = min(most, tokens + Double(rate) * Double(now - min(now, last)) / 1_000)
        } else {
            tokens = most
        }
        filledAt = now
        return tokens > 0
    }

    mutating func take(_ bytes: Int) { tokens -= Double(bytes) }
}

/// Bytes per second over the last second or so.
struct SpeedMeter {
    private static let slotMilliseconds: UInt64 = 200
    private static let slotsKept = 6

    private var slots: [(begin: UInt64, bytes: UInt64)] = []

    mutating func add(_ bytes: UInt64, now: UInt64) {
        let begin = now / Self.slotMilliseconds * Self.slotMilliseconds
        if let last = slots.indices.last, slots[last].begin == begin {
            slots[last].bytes = ReshardAmount.sum(slots[last].bytes, bytes)
        } else {
            slots.append((begin, bytes))
            if slots.count > Self.slotsKept { slots.removeFirst() }
        }
    }

    func bytesPerSecond(now: UInt64) -> UInt64 {
        let span = Self.slotMilliseconds * UInt64(Self.slotsKept)
        let recent = slots.filter { $0.begin + span > now }
        guard let first = recent.first else { return 0 }
        let bytes = recent.reduce(0) { ReshardAmount.sum($0, $1.bytes) }
        let time = max(Self.slotMilliseconds, now - min(now, first.begin))
        return UInt64(min(Double(bytes) * 1_000 / Double(time), 1e18))
    }
}
