import Storage

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
            let behind = leading?.status(of: left.key)?.acknowledged ?? 0
            let ahead = leading?.status(of: right.key)?.acknowledged ?? 0
            return behind != ahead ? behind < ahead : left.id > right.id
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
}
