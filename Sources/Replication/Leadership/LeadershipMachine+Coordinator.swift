/// The member's session at the coordinator, and the shard's record there.
extension LeadershipMachine {
    func isLeaseValid(_ now: UInt64) -> Bool {
        guard let session else { return false }
        return plants(.noLeaseCheck) || now < configuration.lease.deadline(sentAt: session.renewedAt)
    }

    /// Before anything else in every event: a process that slept finds its lease gone. The session goes with it, whoever
    /// leads: renewals that the coordinator hears while its answers don't come would keep the others from taking over,
    /// and this member can't lead either.
    mutating func endLapsedLease(_ now: UInt64, _ actions: inout [Action]) {
        guard session != nil, !isLeaseValid(now) else { return }
        if leading == nil {
            let text = "the coordinator has not answered in time: it can't become leader until it has another session"
            actions.append(.note(.loss, text))
        } else {
            stepDown("its lease ran out: the coordinator has not answered in time", now, &actions)
        }
        giveUpSession(now, &actions)
    }

    mutating func takeSession(_ event: Event, _ now: UInt64, _ actions: inout [Action]) {
        switch event {
        case .sessionGranted(let id, let sentAt):
            isOpeningSession = false
            session = Session(id: id, renewedAt: sentAt)
            published = nil
            nextSessionCall = max(now, sentAt + configuration.lease.renewalPeriod)
        case .sessionRenewed(let id, let sentAt):
            guard let known = session, known.id == id else { return }
            session?.renewedAt = max(known.renewedAt, sentAt)
        case .sessionEnded(let id):
            guard session?.id == id else { return }
            dropSession(now)
            if leading == nil {
                let text = "its session at the coordinator ended: it can't become leader until it has another"
                actions.append(.note(.loss, text))
            } else {
                stepDown("its session at the coordinator ended", now, &actions)
            }
        case .sessionFailed:
            guard isOpeningSession else { return }
            isOpeningSession = false
            nextSessionCall = now + LeadershipLimits.retryPause
        default: break
        }
    }

    mutating func upkeepSession(_ now: UInt64, _ actions: inout [Action]) {
        guard now >= nextSessionCall else { return }
        if let session {
            nextSessionCall = now + configuration.lease.renewalPeriod
            actions.append(.renewSession(id: session.id))
        } else if !isOpeningSession, stoppingSince == nil {
            isOpeningSession = true
            actions.append(.openSession)
        }
    }

    /// Nothing proposed under that session can be written any more.
    private mutating func dropSession(_ now: UInt64) {
        session = nil
        pending = nil
        published = nil
        nextSessionCall = now
    }

    /// Ends the session so that others may take over at once; a new one is opened by itself.
    mutating func giveUpSession(_ now: UInt64, _ actions: inout [Action]) {
        guard let ended = session else { return }
        dropSession(now)
        actions.append(.endSession(id: ended.id))
    }

    /// Says what has changed. The position matters in an election only, so it is no reason to write otherwise.
    mutating func publishNotice(_ now: UInt64, _ actions: inout [Action]) {
        guard let session, !isStopped else { return }
        let notice = MemberNotice(
            member: me,
            shard: configuration.shard,
            session: session.id,
            position: durable,
            observedTerm: record?.term ?? 0,
            isCandidate: leaderGoneSince != nil,
            durability: configuration.durability,
            bootID: configuration.bootID,
            blocker: ownBlocker
        )
        if let published {
            var same = published
            if !notice.isCandidate { same.position = notice.position }
            if same == notice { return }
        }
        published = notice
        actions.append(.publish(notice))
    }

    /// Why this member can't lead whatever the in-sync set says, in words.
    var ownBlocker: String? {
        if stoppingSince != nil { return "it is being stopped" }
        return storeFailure ?? diskFailure ?? blocker
    }

    // MARK: The record

    /// Takes note of the shard's record. A newer one decides every proposal that compared an older one.
    mutating func adopt(_ new: SeenRecord, _ now: UInt64, _ actions: inout [Action]) {
        if let seen, new.revision <= seen.revision { return }
        seen = new
        leaderGoneSince = nil
        if let pending, pending.proposal.expectedRevision < new.revision { self.pending = nil }
        highestTerm = max(highestTerm, new.record?.term ?? 0)
        guard let leading else { return }
        if let record = new.record, record.leader?.key == me.key, record.session == session?.id,
            record.term == leading.term
        {
            if leading.handOver?.stage == .proposed {
                endHandOver(failure: "the coordinator has another record than was compared", now, &actions)
            }
            return
        }
        if leading.handOver?.stage == .proposed { actions.append(.tellFollowers(new)) }
        let leader = new.record?.leader
        let successor = leader?.key == me.key ? nil : leader
        stepDown(
            "\(successor.map { "\($0.address) is the leader" } ?? "there is no leader") in a later term",
            now,
            &actions
        )
    }

    mutating func propose(
        _ record: ShardRecord,
        _ purpose: Pending.Purpose,
        requires: [String],
        absent: String? = nil,
        _ actions: inout [Action]
    ) {
        let proposal = ShardProposal(
            number: nextNumber,
            expectedRevision: seen?.revision ?? 0,
            record: record,
            requiredSessions: requires,
            absentSession: absent
        )
        nextNumber += 1
        pending = Pending(proposal: proposal, purpose: purpose, retryAt: nil)
        actions.append(.propose(proposal))
    }

    mutating func decided(_ number: UInt64, _ outcome: ProposalOutcome, _ now: UInt64, _ actions: inout [Action]) {
        guard let decided = pending, decided.proposal.number == number else { return }
        switch outcome {
        case .committed(let revision):
            adopt(SeenRecord(record: decided.proposal.record, revision: revision), now, &actions)
        case .conflict(let found):
            quietUntil = now + LeadershipLimits.conflictPause
            adopt(found, now, &actions)
            actions.append(.readCoordinator)
            guard pending != nil else { return }
            // The record is as it was, so a session was missing: for good, whatever became of earlier attempts.
            pending = nil
            if leading?.handOver?.stage == .proposed {
                endHandOver(failure: "the target has lost its session at the coordinator", now, &actions)
            }
        case .unknown: pending?.retryAt = now + LeadershipLimits.retryPause
        }
    }

    /// The same proposal again: either it is written now, or it is known that it can't be any more.
    mutating func retryProposal(_ now: UInt64, _ actions: inout [Action]) {
        guard let again = pending, let retryAt = again.retryAt, now >= retryAt else { return }
        pending?.retryAt = nil
        actions.append(.propose(again.proposal))
    }
}
