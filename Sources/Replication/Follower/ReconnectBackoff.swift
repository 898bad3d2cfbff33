/// The pauses between attempts to reach the leader: doubling, bounded, without chance, so that tests can count them.
struct ReconnectBackoff {
    private var next = ReplicationLimits.reconnectFirst

    /// The pause before the next attempt.
    mutating func pause() -> UInt64 {
        defer { next = min(next * 2, ReplicationLimits.reconnectMax) }
        return next
    }

    /// A leader that said no won't say yes in a moment.
    mutating func pauseAfterRefusal() -> UInt64 {
        next = ReplicationLimits.reconnectMax
        return next
    }

    mutating func reset() { next = ReplicationLimits.reconnectFirst }
}
