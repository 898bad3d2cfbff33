import Storage

extension LeadershipMachine {
    /// What a leader knows in one term.
    struct Leading {
        let term: UInt64
        let startedAt: UInt64
        /// The term-start record, once it is on this disk.
        var termStart: Position?
        /// It is on every disk that counts: commands are served.
        var isServing = false
        var commitSequence: UInt64 = 0
        /// Whether the store was told to wait for replicas, and what it may have published before; nil: no answer yet.
        var waits = false
        var waitingFrom: UInt64?
        /// The last record handed to the disk, and since when it has not answered.
        var appended: UInt64 = 0
        var unansweredSince: UInt64?
        var followers: [UInt64: FollowerStanding] = [:]
        /// Since when a member of the set has had no link.
        var missingSince: [Member.Key: UInt64] = [:]
        /// A replica that writes wait for, and that is not in the set yet.
        var joining: Joining?
        var handOver: HandOver?
        var intake: Intake?
        var leaseUntil: UInt64 = 0

        /// The newest link of a member.
        func link(of key: Member.Key) -> UInt64? {
            followers.filter { $0.value.member.key == key }.map(\.key).max()
        }

        func standing(of key: Member.Key) -> FollowerStanding? { link(of: key).flatMap { followers[$0] } }
    }

    struct Joining {
        var member: Member
        var since: UInt64
    }

    struct HandOver {
        enum Stage { case draining, drained, proposed }
        /// nil: nobody is there to take over; the lead is laid down.
        var target: Member?
        var since: UInt64
        var isStop: Bool
        var stage = Stage.draining
    }

    /// One follower's link, as its acknowledgements tell.
    struct FollowerStanding {
        var member: Member
        /// Its log is this leader's up to here, on its disk; nil before it streams.
        var acknowledged: UInt64?
        /// The leader's end at `targetSince`, which it has to reach.
        var target: UInt64
        var targetSince: UInt64
        var lastHeard: UInt64
        var isNear = false
        var asksForSnapshot = false
        var isLeaving = false

        var hasReachedTarget: Bool { (acknowledged ?? 0) >= target && acknowledged != nil }

        /// Takes note of an acknowledgement and sets the next target.
        mutating func acknowledge(_ position: Position?, end: UInt64, now: UInt64) {
            lastHeard = now
            acknowledged = position?.sequence ?? acknowledged
            guard hasReachedTarget else { return }
            isNear = now - targetSince <= LeadershipLimits.nearWindow || (acknowledged ?? 0) >= end
            target = end
            targetSince = now
        }

        /// Why it counts as silent, in words.
        func silence(now: UInt64) -> String? {
            if isLeaving { return "it is being stopped" }
            if asksForSnapshot { return "it needs a snapshot" }
            if now >= lastHeard + ReplicationLimits.silenceMax { return "not heard for \(now - lastHeard) ms" }
            if !hasReachedTarget, now >= targetSince + ReplicationLimits.silenceMax {
                return "no acknowledgement for \(now - targetSince) ms"
            }
            return nil
        }
    }
}
