import Model

/// Decides who leads a shard, for one member: sessions, elections, terms, the in-sync set, the commit position,
/// switchover. Does nothing itself.
///
/// One per member, from the opening of its store to its stop. Feed it events with the time of a boot-time clock in
/// milliseconds, `tick` at least every `LeadershipLimits.tickPeriod`; execute the actions in order. Confined to its
/// driver's thread. The machines of the streams (`LeaderFollowerMachine`, `FollowerMachine`) run beside it.
package struct LeadershipMachine {
    let configuration: Configuration
    let startedAt: UInt64
    var session: Session?
    /// When the next `openSession` or `renewSession` goes out.
    var nextSessionCall: UInt64
    var isOpeningSession = false
    /// The newest record seen; nil before the first answer of the coordinator.
    var seen: SeenRecord?
    var notices: [MemberNotice] = []
    var hasSeenNotices = false
    var published: MemberNotice?
    var pending: Pending?
    var nextNumber: UInt64 = 1
    /// No new proposal before this: the last one met a conflict.
    var quietUntil: UInt64 = 0
    /// The last record on this disk.
    package internal(set) var durable: Position
    var blocker: String?
    var storeFailure: String?
    /// The disk hung while this member led; until it answers again.
    var diskFailure: String?
    var highestTerm: UInt64
    var leading: Leading?
    /// A term is led once; after stepping down from it a new one is needed.
    var lastLedTerm: UInt64 = 0
    /// Since when the record's leader is gone, as far as can be seen.
    var leaderGoneSince: UInt64?
    /// The reason for having no leader that was told last.
    var notedNoLeader: String?
    var following: Member?
    var followingTerm: UInt64 = 0
    var stoppingSince: UInt64?
    var hasSaidLeaving = false
    var isStopped = false

    /// - Parameters:
    ///   - durable: the last record on this member's disk.
    ///   - blocker: why the contents can't be led with, in words; nil if they are whole.
    package init(configuration: Configuration, durable: Position, blocker: String? = nil, now: UInt64) {
        self.configuration = configuration
        self.durable = durable
        self.blocker = blocker
        startedAt = now
        nextSessionCall = now
        highestTerm = durable.term
    }

    /// Takes one event and says what to do.
    package mutating func handle(_ event: Event, now: UInt64) -> [Action] {
        guard !isStopped else { return [] }
        var actions: [Action] = []
        endLapsedLease(now, &actions)
        take(event, now, &actions)
        if isFrequent(event) {
            advanceCommit(now, &actions)
            return actions
        }
        upkeepSession(now, &actions)
        lead(now, &actions)
        considerElection(now, &actions)
        publishNotice(now, &actions)
        followLeader(now, &actions)
        noteNoLeader(now, &actions)
        finishStop(now, &actions)
        return actions
    }

    /// Events of every batch: whatever else may be due waits for the next tick.
    private func isFrequent(_ event: Event) -> Bool {
        guard let leading, leading.isServing, leading.joining == nil, leading.handOver == nil else { return false }
        switch event {
        case .appended, .durable, .followerAcknowledged: return true
        default: return false
        }
    }

    private mutating func take(_ event: Event, _ now: UInt64, _ actions: inout [Action]) {
        switch event {
        case .sessionGranted, .sessionRenewed, .sessionEnded, .sessionFailed: takeSession(event, now, &actions)
        case .recordSeen(let record): adopt(record, now, &actions)
        case .noticesSeen(let all):
            notices = all.filter { $0.shard == configuration.shard }
            hasSeenNotices = true
        case .proposed(let number, let outcome): decided(number, outcome, now, &actions)
        case .appended(let end): appended(end, now)
        case .durable(let end): durable(end, now)
        case .termBegun(let position): termBegun(position, now)
        case .termNotBegun(let reason): termNotBegun(reason, now, &actions)
        case .drained: if leading?.handOver?.stage == .draining { leading?.handOver?.stage = .drained }
        case .waiting(let sequence): startedWaiting(from: sequence)
        case .contents(let blocker): self.blocker = blocker
        case .storeFailed(let reason): storeFailed(reason, now, &actions)
        case .followerAttached, .followerAcknowledged, .followerNeedsSnapshot, .followerLeaving, .followerDetached:
            takeFollower(event, now)
        case .higherTermSeen(let term):
            highestTerm = max(highestTerm, term)
            if let leading, term > leading.term { stepDown("term \(term) has begun", now, &actions) }
        case .switchover(let target): beginSwitchover(to: target, now, &actions)
        case .stop: beginStop(now, &actions)
        case .tick: break
        }
    }

    /// Whether reads and writes may be served at this moment, as far as leadership goes.
    package func isServing(now: UInt64) -> Bool {
        guard let leading, leading.isServing else { return false }
        return isLeaseValid(now) && leading.handOver?.stage != .proposed
    }

    /// The term led here, from its begin to stepping down.
    package var ledTerm: UInt64? { leading?.term }

    var record: ShardRecord? { seen?.record }
    var me: Member { configuration.member }
    func plants(_ bug: PlantedBugs) -> Bool { configuration.planted.contains(bug) }
}
