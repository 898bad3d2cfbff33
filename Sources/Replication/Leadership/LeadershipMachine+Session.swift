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
}
