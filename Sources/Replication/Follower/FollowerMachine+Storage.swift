import Model

extension FollowerMachine {
    mutating func synced(_ through: Position, _ now: UInt64, _ actions: inout [Action]) {
        // An append that was still running when a snapshot or a cut replaced it says nothing about the new log.
        guard !needsSnapshot, through > durable, terms.contains(through) else { return }
        durable = through
        unsyncedBytes.settle(through: through.sequence)
        acknowledge(now, &actions)
        if isStreaming { advanceCommit(&actions) }
    }

    /// Only what is on this disk is applied: an engine must never be ahead of the log it is replayed from.
    mutating func advanceCommit(_ actions: inout [Action]) {
        let reachable = plants(.appliesBeyondCommit) ? durable.sequence : min(leaderCommit, durable.sequence)
        guard reachable > commitSequence else { return }
        commitSequence = reachable
        actions.append(.advanceCommit(to: reachable))
    }

    mutating func applied(_ sequence: UInt64, _ actions: inout [Action]) {
        guard !needsSnapshot, sequence > appliedSequence, sequence <= commitSequence else { return }
        appliedSequence = sequence
        unapplied.settle(through: sequence)
        freshness.settle(applied: sequence)
        sayProgress(&actions)
    }

    /// A storage action other than an append was executed, whether or not its link is still there.
    mutating func answered(_ event: Event, _ now: UInt64, _ actions: inout [Action]) {
        guard unansweredActions > 0 else { return }
        unansweredActions -= 1
        switch event {
        case .truncated: decideAgain(now, &actions)
        case .chunkInstalled(let keys):
            installedKeys += keys
            acknowledge(now, &actions)
            sayProgress(&actions)
        case .snapshotFinished:
            guard let position = finishing else { return }
            finishing = nil
            needsSnapshot = false
            terms = TermIndex(base: position)
            durable = position
            commitSequence = position.sequence
            leaderCommit = position.sequence
            appliedSequence = position.sequence
            highestTerm = max(highestTerm, position.term)
            decideAgain(now, &actions)
        default: break
        }
    }

    /// The log has another end now: tell the leader and wait for what it makes of it.
    private mutating func decideAgain(_ now: UInt64, _ actions: inout [Action]) {
        guard case .linked(var session) = link else { return }
        session.phase = .undecided
        session.hasHeartbeat = false
        link = .linked(session)
        acknowledge(now, &actions)
    }
}
