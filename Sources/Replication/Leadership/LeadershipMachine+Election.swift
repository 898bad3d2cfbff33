import Storage

extension LeadershipMachine {
    mutating func considerElection(_ now: UInt64, _ actions: inout [Action]) {
        guard leading == nil, let session, isLeaseValid(now), let seen, stoppingSince == nil else {
            leaderGoneSince = nil
            return
        }
        if let record = seen.record, isNamed(by: record, session) {
            return ownBlocker == nil ? beginLeading(record, now, &actions) : giveUpSession(now, &actions)
        }
        retryProposal(now, &actions)
        guard ownBlocker == nil else { return leaderGoneSince = nil }
        guard let record = seen.record else { return createRecord(session, now, &actions) }
        let electorate = electorate(record)
        guard electorate.isElectable, electorate.isLeaderGone else { return leaderGoneSince = nil }
        let since = leaderGoneSince ?? now
        leaderGoneSince = since
        guard pending == nil, now >= quietUntil, electorate.isMyTurn(since: since, now: now) else { return }
        takeOver(record, session, electorate.inSyncAfterTakeOver, &actions)
    }

    /// Whether the record makes this session the leader of a term that was not led here yet.
    private func isNamed(by record: ShardRecord, _ session: Session) -> Bool {
        record.leader?.key == me.key && record.session == session.id && record.term > lastLedTerm
    }

    /// A new cluster: the node that config.yaml names begins, alone.
    private mutating func createRecord(_ session: Session, _ now: UInt64, _ actions: inout [Action]) {
        guard configuration.isNamedLeader, pending == nil, now >= quietUntil else { return }
        let record = ShardRecord(
            shard: configuration.shard,
            term: highestTerm + 1,
            leader: me,
            session: session.id,
            inSync: [me]
        )
        actions.append(.note(.info, "begins the shard: config.yaml names it as the leader"))
        propose(record, .takeover, requires: [session.id], &actions)
    }

    private func electorate(_ record: ShardRecord) -> Electorate {
        Electorate(
            record: record,
            notices: notices,
            areNoticesKnown: hasSeenNotices,
            me: me,
            bootID: configuration.bootID,
            durable: durable,
            startedAt: startedAt,
            planted: configuration.planted
        )
    }

    private mutating func takeOver(
        _ record: ShardRecord,
        _ session: Session,
        _ inSync: [Member],
        _ actions: inout [Action]
    ) {
        let isOwn = record.leader.map { $0.id == me.id } ?? true
        let next = ShardRecord(
            shard: record.shard,
            term: max(record.term, highestTerm) + 1,
            leader: me,
            session: session.id,
            inSync: inSync
        )
        noteTakeOver(from: record, to: next, &actions)
        propose(next, .takeover, requires: [session.id], absent: isOwn ? nil : record.session, &actions)
    }

    private func noteTakeOver(from record: ShardRecord, to next: ShardRecord, _ actions: inout [Action]) {
        actions.append(.note(.info, "is a candidate for term \(next.term): \(electorate(record).vacancy)"))
        let left = record.inSync.filter { member in !next.inSync.contains { $0.id == member.id } }
        guard !left.isEmpty else { return }
        let names = left.map(\.address).joined(separator: ", ")
        actions.append(.note(.loss, "leaves \(names) out of the in-sync set: no session at the coordinator"))
    }

    /// Keeps the driver's stream pointed at whoever the record names.
    mutating func followLeader(_ now: UInt64, _ actions: inout [Action]) {
        guard leading == nil, !isStopped, let record, let leader = record.leader, leader.id != me.id else { return }
        guard following != leader || followingTerm != record.term else { return }
        following = leader
        followingTerm = record.term
        actions.append(.note(.info, "follows \(leader.address) in term \(record.term)"))
        actions.append(.follow(leader, term: record.term))
    }

    /// Why there is no leader and this member can't become it, with what to do, for people; nil while there is a leader, or
    /// this member may become it, or nothing is known yet.
    var noLeaderReason: String? {
        guard leading == nil, stoppingSince == nil, let seen else { return nil }
        guard let record = seen.record else {
            guard !configuration.isNamedLeader, hasSeenNotices else { return nil }
            return
                "no leader yet: \(configuration.shard) begins when the node starts that config.yaml names as its leader"
        }
        return electorate(record).advice
    }

    /// Tells it once, not before the others had time to start as well.
    mutating func noteNoLeader(_ now: UInt64, _ actions: inout [Action]) {
        guard now >= startedAt + LeadershipLimits.companyWait else { return }
        let reason = noLeaderReason
        guard reason != notedNoLeader else { return }
        notedNoLeader = reason
        if let reason { actions.append(.note(.loss, reason)) }
    }
}
