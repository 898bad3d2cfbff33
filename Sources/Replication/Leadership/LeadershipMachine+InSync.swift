import Storage

extension LeadershipMachine {
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
        } else if let follower = nextToJoin(leading, record, now) {
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

    private func nextToJoin(_ leading: Leading, _ record: ShardRecord, _ now: UInt64) -> FollowerStatus? {
        let candidates = leading.followers.filter { link, follower in
            follower.isNear && follower.silence(now: now) == nil && leading.link(of: follower.member.key) == link
                && (follower.acknowledged ?? 0) >= leading.termStart?.sequence ?? .max
                && !record.inSync.contains { $0.id == follower.member.id }
        }
        return candidates.min { $0.key < $1.key }?.value
    }
}
