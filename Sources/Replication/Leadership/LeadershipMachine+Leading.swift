import Model

extension LeadershipMachine {
    mutating func beginLeading(_ record: ShardRecord, _ now: UInt64, _ actions: inout [Action]) {
        lastLedTerm = record.term
        leaderGoneSince = nil
        following = nil
        pending = nil
        var leading = Leading(term: record.term, startedAt: now)
        leading.appended = durable.sequence + 1
        leading.unansweredSince = now
        leading.waits = record.inSync.contains { $0.key != me.key }
        leading.waitingFrom = leading.waits ? 0 : nil
        self.leading = leading
        extendLease(&actions)
        actions.append(.note(.info, "becomes leader in term \(record.term), from \(durable) on"))
        actions.append(.beginTerm(record.term, waits: leading.waits))
        lead(now, &actions)
    }

    /// Whatever is due for a leader, after every event.
    mutating func lead(_ now: UInt64, _ actions: inout [Action]) {
        guard leading != nil else { return }
        extendLease(&actions)
        if stepsDownForItsDisk(now, &actions) { return }
        retryProposal(now, &actions)
        allowSnapshots(&actions)
        advanceHandOver(now, &actions)
        shrink(now, &actions)
        grow(now, &actions)
        setMembers(&actions)
        setWaiting(&actions)
        advanceCommit(now, &actions)
        setIntake(now, &actions)
    }

    private mutating func extendLease(_ actions: inout [Action]) {
        guard let session, let until = leading?.leaseUntil else { return }
        let deadline = configuration.lease.deadline(sentAt: session.renewedAt)
        guard deadline > until else { return }
        leading?.leaseUntil = deadline
        actions.append(.setLease(until: deadline))
    }

    mutating func appended(_ end: Position, _ now: UInt64) {
        guard let leading, end.sequence > leading.appended else { return }
        self.leading?.appended = end.sequence
        if leading.unansweredSince == nil { self.leading?.unansweredSince = now }
    }

    mutating func durable(_ end: Position, _ now: UInt64) {
        diskFailure = nil
        durable = end
        highestTerm = max(highestTerm, end.term)
        guard let leading else { return }
        self.leading?.unansweredSince = end.sequence < leading.appended ? now : nil
        for link in leading.followers.keys {
            self.leading?.change(link) { $0.expect(end.sequence, now: now) }
        }
    }

    mutating func termBegun(_ position: Position, _ now: UInt64) {
        // Also after stepping down: the disk has answered, and the log ends there.
        durable(position, now)
        guard let leading, position.term == leading.term, leading.termStart == nil else { return }
        self.leading?.termStart = position
    }

    /// A full disk: others may have room. Alone, it tries again.
    mutating func termNotBegun(_ reason: String, _ now: UInt64, _ actions: inout [Action]) {
        guard let leading, leading.termStart == nil else { return }
        stepDown("its term could not begin: \(reason)", now, &actions)
        quietUntil = now + LeadershipLimits.failedTermPause
        giveUpSession(now, &actions)
    }

    /// Whose disk a write waits for: the set, what it may become, and who is about to enter it.
    private func everyWaitingMember(_ leading: Leading, _ holds: (Member) -> Bool) -> Bool {
        func isWaited(_ member: Member) -> Bool { member.id == me.id || holds(member) }
        guard (record?.inSync ?? []).allSatisfy(isWaited) else { return false }
        if plants(.growthBeforeWaiting) { return true }
        guard (pending?.proposal.record.inSync ?? []).allSatisfy(isWaited) else { return false }
        return leading.joining.map { isWaited($0.member) } ?? true
    }

    /// What the record says, and what it may say once a proposal is written: the store must not count on more.
    private mutating func setMembers(_ actions: inout [Action]) {
        guard let leading, let record else { return }
        let count = min(record.inSync.count, pending?.proposal.record.inSync.count ?? .max)
        guard count != leading.members else { return }
        self.leading?.members = count
        actions.append(.setMembers(count))
    }

    /// A leader without replicas commits by itself; the store has to know before anybody else counts on it.
    private mutating func setWaiting(_ actions: inout [Action]) {
        guard let leading else { return }
        let waits = !everyWaitingMember(leading) { _ in false }
        guard waits != leading.waits else { return }
        self.leading?.waits = waits
        self.leading?.waitingFrom = nil
        if waits { self.leading?.waitingAnswersDue += 1 }
        actions.append(.setWaiting(waits))
    }

    /// An answer to an earlier order knows nothing of what the store has shown between the two.
    mutating func startedWaiting(from sequence: UInt64) {
        guard let leading, leading.waitingAnswersDue > 0 else { return }
        self.leading?.waitingAnswersDue -= 1
        if leading.waitingAnswersDue == 1, leading.waits { self.leading?.waitingFrom = sequence }
    }

    /// The highest position on every disk that counts. Records of older terms are committed with the term's first one,
    /// never by themselves: until it is everywhere, another history might still win.
    mutating func advanceCommit(_ now: UInt64, _ actions: inout [Action]) {
        guard let leading, let start = leading.termStart else { return }
        var lowest = durable.sequence
        let areHere = everyWaitingMember(leading) { member in
            guard let acknowledged = leading.status(of: member.key)?.acknowledged else { return false }
            lowest = min(lowest, acknowledged)
            return true
        }
        guard areHere, lowest >= start.sequence, lowest > leading.commitSequence else { return }
        self.leading?.commitSequence = lowest
        actions.append(.setCommit(sequence: lowest, term: leading.term))
        if !leading.isServing {
            self.leading?.isServing = true
            actions.append(.note(.gain, "serves term \(leading.term): every in-sync member has its first record"))
        }
    }

    mutating func setIntake(_ now: UInt64, _ actions: inout [Action]) {
        guard let leading else { return }
        let wanted = leading.intakeDue(now: now)
        guard wanted != leading.intake else { return }
        self.leading?.intake = wanted
        actions.append(.setIntake(wanted))
    }

    /// A leader whose disk hangs would hold the shard for ever: its sessions and heartbeats need no disk.
    private mutating func stepsDownForItsDisk(_ now: UInt64, _ actions: inout [Action]) -> Bool {
        guard let since = leading?.unansweredSince, now >= since + LeadershipLimits.diskPatience,
            let record,
            record.inSync.contains(where: { member in
                // Another one has a session, and could become leader as far as it knows.
                member.key != me.key && notices.contains { $0.member.key == member.key && $0.blocker == nil }
            })
        else { return false }
        let reason = "its disk has not answered for \(now - since) ms"
        diskFailure = reason
        stepDown(reason, now, &actions)
        giveUpSession(now, &actions)
        return true
    }

    mutating func storeFailed(_ reason: String, _ now: UInt64, _ actions: inout [Action]) {
        storeFailure = reason
        guard leading != nil else { return }
        stepDown(reason, now, &actions)
        giveUpSession(now, &actions)
    }

    mutating func stepDown(_ reason: String, _ now: UInt64, _ actions: inout [Action]) {
        guard let ended = leading else { return }
        leading = nil
        following = nil
        leaderGoneSince = nil
        if pending?.purpose != .takeover { pending = nil }
        let leader = record?.leader.flatMap { $0.id == me.id ? nil : $0 }
        actions.append(.stepDown(reason: reason, leader: leader))
        actions.append(.note(leader == nil ? .loss : .info, "steps down: \(reason)"))
        if let handOver = ended.handOver, !handOver.isStop {
            let isDone = handOver.stage == .proposed && leader?.key == handOver.target?.key && leader != nil
            actions.append(.switchoverEnded(failure: isDone ? nil : reason))
        }
    }
}
