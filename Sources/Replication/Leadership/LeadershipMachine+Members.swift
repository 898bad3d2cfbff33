import Model

extension LeadershipMachine {
    mutating func beginSwitchover(to name: String?, _ now: UInt64, _ actions: inout [Action]) {
        guard let leading, leading.isServing, let record else {
            return actions.append(.switchoverEnded(failure: "this node is not the leader of the shard"))
        }
        guard leading.handOver == nil else {
            return actions.append(.switchoverEnded(failure: "a switchover is under way already"))
        }
        guard let name else {
            guard let target = bestSuccessor(now) else {
                return actions.append(.switchoverEnded(failure: "no other in-sync member can become leader now"))
            }
            return beginHandOver(to: target, isStop: false, now, &actions)
        }
        // A wiped folder leaves its former id at the same address behind: the one that could lead is meant.
        let named = knownMembers.filter { ($0.address == name || $0.id == name) && $0.key != me.key }
        guard let target = named.first(where: { blocker(of: $0, now: now) == nil }) ?? named.last else {
            return actions.append(.switchoverEnded(failure: "\(name) is no replica of \(record.shard)"))
        }
        if let reason = blocker(of: target, now: now) {
            return actions.append(.switchoverEnded(failure: "\(target.address) can't become leader: \(reason)"))
        }
        beginHandOver(to: target, isStop: false, now, &actions)
    }

    /// The member that could lead now and has acknowledged most.
    private func bestSuccessor(_ now: UInt64) -> Member? {
        let able = (record?.inSync ?? []).filter { $0.key != me.key && blocker(of: $0, now: now) == nil }
        return able.max { left, right in
            let leftEnd = leading?.status(of: left.key)?.acknowledged ?? 0
            let rightEnd = leading?.status(of: right.key)?.acknowledged ?? 0
            return leftEnd != rightEnd ? leftEnd < rightEnd : left.id > right.id
        }
    }

    private mutating func beginHandOver(to target: Member?, isStop: Bool, _ now: UInt64, _ actions: inout [Action]) {
        let what = target.map { "hands over to \($0.address)" } ?? "steps down, since no other member can become leader"
        actions.append(.note(.info, isStop ? "\(what): it is being stopped" : "\(what): a switchover was asked for"))
        leading?.joining = nil
        leading?.handOver = HandOver(target: target, since: now, isStop: isStop)
    }

    mutating func advanceHandOver(_ now: UInt64, _ actions: inout [Action]) {
        guard let handOver = leading?.handOver, handOver.stage != .proposed else { return }
        if let target = handOver.target, let reason = blocker(of: target, now: now) {
            return endHandOver(failure: "\(target.address) can no longer become leader: \(reason)", now, &actions)
        }
        guard now < handOver.since + LeadershipLimits.handOverMax else {
            return endHandOver(failure: "writes under way did not end in time", now, &actions)
        }
        guard handOver.stage == .drained, pending == nil, now >= quietUntil, let leading, let record, let session,
            leading.commitSequence == durable.sequence
        else { return }
        let successor = handOver.target.flatMap { target in notices.first { $0.member.key == target.key } }
        let rest = handOver.isStop && successor != nil ? record.inSync.filter { $0.key != me.key } : record.inSync
        self.leading?.handOver?.stage = .proposed
        // Reads are held before anybody else can lead.
        setIntake(now, &actions)
        propose(
            ShardRecord(
                shard: record.shard,
                term: successor == nil ? record.term : record.term + 1,
                leader: successor.flatMap { _ in handOver.target },
                session: successor?.session ?? "",
                inSync: rest
            ),
            .handOver,
            requires: [session.id] + (successor.map { [$0.session] } ?? []),
            &actions
        )
    }

    /// Leadership stays here; held commands go on.
    mutating func endHandOver(failure: String, _ now: UInt64, _ actions: inout [Action]) {
        guard let handOver = leading?.handOver else { return }
        if handOver.isStop {
            stepDown("it is being stopped", now, &actions)
        } else {
            leading?.handOver = nil
            actions.append(.note(.loss, "no switchover: \(failure)"))
            actions.append(.switchoverEnded(failure: failure))
        }
    }

    mutating func beginStop(_ now: UInt64, _ actions: inout [Action]) {
        guard stoppingSince == nil else { return }
        stoppingSince = now
        guard let leading else { return }
        guard leading.isServing else { return stepDown("it is being stopped", now, &actions) }
        if leading.handOver?.stage == .proposed { return }
        if leading.handOver != nil { actions.append(.switchoverEnded(failure: "the leader is being stopped")) }
        beginHandOver(to: bestSuccessor(now), isStop: true, now, &actions)
    }

    mutating func finishStop(_ now: UInt64, _ actions: inout [Action]) {
        guard let since = stoppingSince, !isStopped else { return }
        if leading != nil {
            guard now >= since + LeadershipLimits.stopMax else { return }
            stepDown("it is being stopped", now, &actions)
        }
        if let record, record.inSync.contains(where: { $0.id == me.id }), session != nil, let leader = record.leader,
            leader.id != me.id,
            notices.contains(where: { $0.session == record.session }), now < since + LeadershipLimits.leaveMax
        {
            if !hasSaidLeaving { actions.append(.sayLeaving) }
            return hasSaidLeaving = true
        }
        giveUpSession(now, &actions)
        isStopped = true
        actions.append(.stopped)
    }

    // MARK: The in-sync set

    mutating func takeFollower(_ event: Event, _ now: UInt64) {
        guard let leading else { return }
        switch event {
        case .followerAttached(let link, let member, let term):
            // Acknowledgements of another term's stream say nothing about this term's log.
            guard term == leading.term, member.id != me.id else { return }
            let follower = FollowerStatus(member: member, end: durable.sequence, now: now)
            self.leading?.attach(link, follower)
        case .followerAcknowledged(let link, let position):
            let end = durable.sequence
            self.leading?.change(link) { $0.acknowledge(position, end: end, now: now) }
        case .followerNeedsSnapshot(let link):
            self.leading?.change(link) {
                $0.asksForSnapshot = true
                $0.acknowledged = nil
            }
        case .followerLeaving(let link): self.leading?.change(link) { $0.isLeaving = true }
        case .followerDetached(let link): self.leading?.detach(link, now: now)
        default: break
        }
    }

    /// A snapshot empties a replica. While it is in the set, or may be, it could be elected with what is left.
    mutating func allowSnapshots(_ actions: inout [Action]) {
        guard let leading, let record else { return }
        for (link, follower) in leading.followers.sorted(by: { $0.key < $1.key }) where follower.asksForSnapshot {
            let isMember = record.inSync.contains { $0.id == follower.member.id }
            let mayBecome = pending?.proposal.record.inSync.contains { $0.id == follower.member.id } ?? false
            guard !isMember, !mayBecome else { continue }
            self.leading?.change(link) { $0.asksForSnapshot = false }
            actions.append(.allowSnapshot(link: link))
        }
    }

    /// Takes silent members out; writes go on without them only when that is known to be written.
    mutating func shrink(_ now: UInt64, _ actions: inout [Action]) {
        guard let record, let session, leading != nil else { return }
        var silent: [(Member, String)] = []
        for member in record.inSync where member.key != me.key {
            if let reason = silence(of: member, now) { silent.append((member, reason)) }
        }
        guard pending == nil, now >= quietUntil, !silent.isEmpty, leading?.handOver?.stage != .proposed else { return }
        for (member, reason) in silent {
            actions.append(.note(.loss, "takes \(member.address) out of the in-sync set: \(reason)"))
        }
        let rest = record.inSync.filter { member in !silent.contains { $0.0 == member } }
        propose(record.with(inSync: rest), .shrink, requires: [session.id], &actions)
    }

    private mutating func silence(of member: Member, _ now: UInt64) -> String? {
        if let status = leading?.status(of: member.key) { return status.silence(now: now) }
        let since = leading?.missingSince[member.key] ?? now
        leading?.missingSince[member.key] = since
        return now >= since + ReplicationLimits.silenceMax ? "not connected for \(now - since) ms" : nil
    }

    /// Lets a replica in: first writes wait for it, then it reaches the commit position, then the set is changed.
    mutating func grow(_ now: UInt64, _ actions: inout [Action]) {
        guard let leading, leading.isServing, leading.handOver == nil, let record, let session else { return }
        if let joining = leading.joining { abandonJoining(joining, record, now) }
        guard pending == nil, now >= quietUntil else { return }
        if let joining = self.leading?.joining {
            guard let from = leading.waitingFrom, leading.waits,
                let acknowledged = leading.status(of: joining.member.key)?.acknowledged,
                acknowledged >= max(leading.commitSequence, from)
            else { return }
            self.leading?.joining = nil
            letIn(joining.member, record, session, &actions)
        } else if let follower = leading.nextToJoin(record, now: now) {
            if plants(.growthBeforeWaiting) { return letIn(follower.member, record, session, &actions) }
            self.leading?.joining = Joining(member: follower.member, since: now)
        }
    }

    private mutating func letIn(
        _ member: Member,
        _ record: ShardRecord,
        _ session: Session,
        _ actions: inout [Action]
    ) {
        actions.append(.note(.gain, "lets \(member.address) into the in-sync set"))
        propose(record.with(inSync: record.inSync + [member]), .growth, requires: [session.id], &actions)
    }

    private mutating func abandonJoining(_ joining: Joining, _ record: ShardRecord, _ now: UInt64) {
        let status = leading?.status(of: joining.member.key)
        let isLate = now >= joining.since + LeadershipLimits.joinMax
        guard status == nil || status?.silence(now: now) != nil || isLate else { return }
        leading?.joining = nil
        if let link = leading?.link(of: joining.member.key) { leading?.change(link) { $0.isNear = false } }
    }
}
