/// How old a replica's data can be, told by the replica's own clock alone.
///
/// The replica stamps its acknowledgements, the leader's heartbeat echoes the newest stamp it has seen together with
/// the end of its log. Once everything up to that end is applied here, the data is at least as new as the stamp: the
/// leader's log was that long after the stamp was made. Clocks of different machines are never compared.
struct ReplicaFreshness {
    private struct Beat {
        var sequence: UInt64
        var stamp: UInt64
    }

    private let startedAt: UInt64
    /// The newest moment of which everything is known to be applied; nil before the first.
    private(set) var freshAsOf: UInt64?
    private var pending: [Beat] = []

    init(startedAt: UInt64) { self.startedAt = startedAt }

    /// Takes note of a heartbeat.
    /// - Parameter applied: the last sequence applied here.
    mutating func note(sequence: UInt64, stamp: UInt64, applied: UInt64) {
        guard stamp > (pending.last?.stamp ?? freshAsOf ?? 0) else { return }
        if pending.count >= ReplicationLimits.pendingHeartbeatsMax {
            pending = pending.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        }
        pending.append(Beat(sequence: sequence, stamp: stamp))
        settle(applied: applied)
    }

    mutating func settle(applied: UInt64) {
        let done = pending.prefix { $0.sequence <= applied }
        guard let last = done.last else { return }
        freshAsOf = max(freshAsOf ?? 0, last.stamp)
        pending.removeFirst(done.count)
    }

    /// Heartbeats of another connection, or of a history that was cut, mean nothing any more.
    mutating func forgetPending() { pending = [] }

    /// Contents are being replaced: nothing is known of their age.
    mutating func forgetAll() { freshAsOf = nil; pending = [] }

    /// Upper bound of the data's age; nil while it isn't known.
    func staleness(now: UInt64) -> UInt64? { freshAsOf.map { now > $0 ? now - $0 : 0 } }

    /// The age as it is shown to people, who also get one before it is known: since the start.
    func shownLag(now: UInt64, isLinked: Bool) -> UInt64 {
        let age = staleness(now: now) ?? (now > startedAt ? now - startedAt : 0)
        if isLinked, freshAsOf != nil, age <= ReplicationLimits.lagResolution { return 0 }
        return max(1, age)
    }
}
