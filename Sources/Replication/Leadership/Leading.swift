import Model

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
        /// Answers under way: only the last one is of now.
        var waitingAnswersDue = 0
        /// The last record handed to the disk, and since when it has not answered.
        var appended: UInt64 = 0
        var unansweredSince: UInt64?
        var followers: [UInt64: FollowerStatus] = [:]
        /// The newest link of each member.
        var newest: [Member.Key: UInt64] = [:]
        /// Since when a member of the set has had no link.
        var missingSince: [Member.Key: UInt64] = [:]
        /// A replica that writes wait for, and that is not in the set yet.
        var joining: Joining?
        var handOver: HandOver?
        var intake: Intake?
        /// The size of the in-sync set as the store was told.
        var members: Int?
        var leaseUntil: UInt64 = 0

        func link(of key: Member.Key) -> UInt64? { newest[key] }

        func status(of key: Member.Key) -> FollowerStatus? { newest[key].flatMap { followers[$0] } }

        mutating func attach(_ link: UInt64, _ follower: FollowerStatus) {
            followers[link] = follower
            newest[follower.member.key] = max(link, newest[follower.member.key] ?? 0)
            missingSince[follower.member.key] = nil
        }

        mutating func detach(_ link: UInt64, now: UInt64) {
            guard let key = followers.removeValue(forKey: link)?.member.key, newest[key] == link else { return }
            newest[key] = followers.filter { $0.value.member.key == key }.map(\.key).max()
            if newest[key] == nil { missingSince[key] = now }
        }

        /// What clients may do now.
        func intakeDue(now: UInt64) -> Intake {
            guard isServing else {
                let isPatient = now < startedAt + LeadershipLimits.beginHoldMax
                return isPatient ? .heldWithReads : .closed(leader: nil)
            }
            if let handOver { return handOver.stage == .proposed ? .heldWithReads : .held }
            return .open
        }

        /// The replica to be let into the in-sync set next: near the end of the log, and with this term's first record.
        func nextToJoin(_ record: ShardRecord, now: UInt64) -> FollowerStatus? {
            let candidates = followers.filter { link, follower in
                follower.isNear && follower.silence(now: now) == nil && self.link(of: follower.member.key) == link
                    && (follower.acknowledged ?? 0) >= termStart?.sequence ?? .max
                    && !record.inSync.contains { $0.id == follower.member.id }
            }
            return candidates.min { $0.key < $1.key }?.value
        }

        mutating func change(_ link: UInt64, _ body: (inout FollowerStatus) -> Void) {
            guard let index = followers.index(forKey: link) else { return }
            body(&followers.values[index])
        }
    }

    struct Joining {
        var member: Member
        var since: UInt64
    }

    struct HandOver {
        enum Stage { case draining, drained, proposed }
        /// nil: nobody is there to take over; leadership is laid down.
        var target: Member?
        var since: UInt64
        var isStop: Bool
        var stage = Stage.draining
    }

    /// One follower's link, as its acknowledgements tell.
    struct FollowerStatus {
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

        init(member: Member, end: UInt64, now: UInt64) {
            self.member = member
            target = end
            targetSince = now
            lastHeard = now
        }

        var hasReachedTarget: Bool { (acknowledged ?? 0) >= target && acknowledged != nil }

        /// Takes note of an acknowledgement and sets the next target.
        mutating func acknowledge(_ position: Position?, end: UInt64, now: UInt64) {
            lastHeard = now
            if let position {
                acknowledged = position.sequence
                asksForSnapshot = false
            }
            guard hasReachedTarget else { return }
            isNear = now - targetSince <= LeadershipLimits.nearWindow || (acknowledged ?? 0) >= end
            target = end
            targetSince = now
        }

        /// The leader's log has grown.
        mutating func expect(_ end: UInt64, now: UInt64) {
            guard hasReachedTarget else { return }
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
