extension LeadershipMachine {
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
