import Storage

extension LeadershipMachine {
    mutating func considerElection(_ now: UInt64, _ actions: inout [Action]) {
        guard leading == nil, let session, isLeaseValid(now), let seen, stoppingSince == nil else {
            leaderGoneSince = nil
            return
        }
        if isNamed(by: seen.record, session) { return accept(now, &actions) }
        retryProposal(now, &actions)
        guard ownBlocker == nil else { return leaderGoneSince = nil }
        guard let record = seen.record else { return createRecord(session, now, &actions) }
        guard isElectable(record), isLeaderGone(record) else { return leaderGoneSince = nil }
        let since = leaderGoneSince ?? now
        leaderGoneSince = since
        guard pending == nil, now >= quietUntil, isMyTurn(record, since, now) else { return }
        takeOver(record, session, &actions)
    }

    /// Whether the record makes this session the leader of a term that was not led here yet.
    private func isNamed(by record: ShardRecord?, _ session: Session) -> Bool {
        guard let record else { return false }
        return record.leader?.key == me.key && record.session == session.id && record.term > lastLedTerm
    }

    private mutating func accept(_ now: UInt64, _ actions: inout [Action]) {
        guard let record, ownBlocker == nil else { return giveUpSession(now, &actions) }
        beginLeading(record, now, &actions)
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

    /// Whether this member may lead: it has everything that was ever acknowledged.
    func isElectable(_ record: ShardRecord) -> Bool {
        record.vouches(id: me.id, bootID: configuration.bootID) || plants(.electionIgnoresInSync)
            || haveAllLostTheirBoot(record) && record.inSync.contains { $0.id == me.id }
    }

    /// `os` durability promises nothing about a crash of the machine. When that befell every member of the set, and all
    /// are here, nobody has more than the best of them: without this, a machine's reboot would end the shard.
    private func haveAllLostTheirBoot(_ record: ShardRecord) -> Bool {
        record.inSync.allSatisfy { member in
            member.boot != nil
                && notices.contains { $0.member.id == member.id && $0.bootID != member.boot && $0.blocker == nil }
        }
    }

    /// As far as the notices show; the transaction compares the session itself.
    func isLeaderGone(_ record: ShardRecord) -> Bool {
        guard let leader = record.leader else { return true }
        if leader.id == me.id { return true }
        guard hasSeenNotices else { return false }
        // A folder is open in one process only: under a new session its former process is gone.
        return !notices.contains { $0.session == record.session }
            || notices.contains { $0.member.id == leader.id && $0.session != record.session }
    }

    /// Members of the set that could lead, other than this one.
    private func rivals(_ record: ShardRecord) -> [MemberNotice] {
        let isLastResort = haveAllLostTheirBoot(record)
        return notices.filter { notice in
            guard notice.member.id != me.id, notice.blocker == nil else { return false }
            return record.vouches(id: notice.member.id, bootID: notice.bootID)
                || isLastResort && record.inSync.contains { $0.id == notice.member.id }
        }
    }

    /// The most advanced takes over; the others wait for it, and it for their positions, but not for long: whoever is
    /// in the set has every acknowledged write.
    private func isMyTurn(_ record: ShardRecord, _ since: UInt64, _ now: UInt64) -> Bool {
        let rivals = rivals(record)
        let isEverybodyHere = rivals.count >= record.inSync.filter { $0.id != me.id }.count
        let companyUntil = isEverybodyHere ? 0 : startedAt + LeadershipLimits.companyWait
        let patience = max(since + LeadershipLimits.electionWait, companyUntil)
        let candidates = rivals.filter { $0.isCandidate && $0.observedTerm >= record.term }
        guard now >= patience || candidates.count == rivals.count && now >= companyUntil else { return false }
        let isBest = candidates.allSatisfy { isAhead(of: $0) }
        return isBest || now >= patience + LeadershipLimits.electionWait
    }

    private func isAhead(of other: MemberNotice) -> Bool {
        if plants(.sequenceWithoutTerm) {
            return (durable.sequence, other.member.id) > (other.position.sequence, me.id)
        }
        guard durable == other.position else { return durable > other.position }
        // With nothing between them leadership stays where it was: people know their leaders.
        if let last = record?.leader?.id, last == me.id || last == other.member.id { return last == me.id }
        return me.id < other.member.id
    }

    /// Members whose session has ended are left out: they have been silent for longer than a replica may be. The others
    /// keep the entries they have: a notice may be an earlier process's, with another durability, and vouch for too much.
    private mutating func takeOver(_ record: ShardRecord, _ session: Session, _ actions: inout [Action]) {
        let rivals = Set(rivals(record).map(\.member.id))
        // In the last resort the others' logs are as good as any guess: they come in again by following.
        let alive = haveAllLostTheirBoot(record) ? [] : record.inSync.filter { rivals.contains($0.id) }
        let isOwn = record.leader.map { $0.id == me.id } ?? true
        let next = ShardRecord(
            shard: record.shard,
            term: max(record.term, highestTerm) + 1,
            leader: me,
            session: session.id,
            inSync: alive + [me]
        )
        noteTakeOver(from: record, to: next, &actions)
        propose(next, .takeover, requires: [session.id], absent: isOwn ? nil : record.session, &actions)
    }

    private func noteTakeOver(from record: ShardRecord, to next: ShardRecord, _ actions: inout [Action]) {
        let reason =
            switch record.leader {
            case nil: "its last leader stepped down"
            case .some(let leader) where leader.id == me.id: "it was leader before, and has a new session"
            case .some(let leader): "the session of \(leader.address) has ended"
            }
        actions.append(.note(.info, "is a candidate for term \(next.term): \(reason)"))
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
}
