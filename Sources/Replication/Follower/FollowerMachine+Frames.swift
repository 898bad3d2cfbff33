import Model
import Storage

extension FollowerMachine {
    /// A leader that sends more than this without being acknowledged doesn't keep to the protocol.
    private static let unsyncedBytesMax = ReplicationLimits.inFlightBytesMax + StorageLimits.batchBytesHardMax

    mutating func receive(_ frame: PeerFrame, _ session: Session, _ now: UInt64, _ actions: inout [Action]) {
        switch frame {
        case .refuse(let refusal, let text):
            leave("the leader refused (\(refusal)): \(text)", closing: true, refused: true, now, &actions)
        case .heartbeat(let beat): receive(beat, session, now, &actions)
        case .resume(let position): resume(after: position, session, now, &actions)
        case .batch(let batch): receive(batch, session, now, &actions)
        case .truncate(let position): truncate(after: position, session, now, &actions)
        case .snapshotBegin(let begin): beginSnapshot(begin, session, now, &actions)
        case .snapshotChunk(let chunk):
            guard case .installing(var installation) = session.phase, !installation.isComplete else {
                return violation("a snapshot chunk outside of a snapshot", now, &actions)
            }
            installation.receivedKeys += UInt64(chunk.count)
            enter(.installing(installation))
            unansweredActions += 1
            actions.append(.installChunk(chunk))
        case .snapshotEnd(let position, let keys, let owned): endSnapshot(position, keys, owned, session, now, &actions)
        case .leaderChanged(let seen): actions.append(.leaderChanged(seen))
        case .acknowledge: violation("an acknowledgement from the leader", now, &actions)
        }
    }

    private mutating func violation(_ what: String, _ now: UInt64, _ actions: inout [Action]) {
        leave("the leader broke the protocol: \(what)", closing: true, now, &actions)
    }

    private mutating func enter(_ phase: Phase) {
        guard case .linked(var session) = link else { return }
        session.phase = phase
        link = .linked(session)
    }

    private mutating func receive(
        _ beat: PeerFrame.Heartbeat,
        _ session: Session,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        guard beat.term >= highestTerm else {
            let text = "it is of term \(beat.term), but term \(highestTerm) has begun"
            return leave("not following this leader: \(text)", closing: true, refused: true, now, &actions)
        }
        guard beat.echo <= now else { return violation("it echoes a stamp of the future", now, &actions) }
        highestTerm = beat.term
        leaderSequence = beat.lastSequence
        unsentBytes = beat.unsentBytes
        if case .streaming = session.phase {
            leaderCommit = max(leaderCommit, beat.commitSequence)
            if beat.echo >= session.acceptedAt {
                freshness.note(sequence: beat.lastSequence, stamp: beat.echo, applied: appliedSequence)
            }
            var session = session
            if !session.hasHeartbeat {
                session.hasHeartbeat = true
                if beat.lastSequence > appliedSequence { session.catchUp = appliedSequence...beat.lastSequence }
                link = .linked(session)
            }
            advanceCommit(&actions)
        }
        acknowledge(now, &actions)
        sayProgress(&actions)
    }

    private mutating func resume(
        after position: Position,
        _ session: Session,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        guard case .undecided = session.phase, !needsSnapshot else {
            return violation("it resumes the log where no log was asked for", now, &actions)
        }
        guard position == terms.end else {
            return violation("it resumes after \(position), but this log ends in \(terms.end)", now, &actions)
        }
        leaderCommit = commitSequence
        enter(.streaming)
    }

    private mutating func receive(
        _ batch: LogBatch,
        _ session: Session,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        guard case .streaming = session.phase else { return violation("a batch before resume", now, &actions) }
        let end = terms.end
        guard terms.append(term: batch.term, firstSequence: batch.firstSequence, count: batch.sequences) else {
            let next = Position(term: batch.term, sequence: batch.firstSequence)
            return violation("batch \(next) doesn't follow \(end)", now, &actions)
        }
        highestTerm = max(highestTerm, batch.term)
        leaderSequence = max(leaderSequence, batch.end.sequence)
        let length = batch.bytes.count
        unsentBytes = unsentBytes > UInt64(length) ? unsentBytes - UInt64(length) : 0
        unapplied.add(through: batch.end.sequence, bytes: length)
        unsyncedBytes.add(through: batch.end.sequence, bytes: length)
        actions.append(.append(batch))
        if unsyncedBytes.bytes > FollowerMachine.unsyncedBytesMax {
            violation("\(unsyncedBytes.bytes) bytes sent without waiting", now, &actions)
        }
    }

    private mutating func truncate(
        after position: Position,
        _ session: Session,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        guard case .undecided = session.phase, !needsSnapshot else {
            return violation("it cuts a log that it has not looked at", now, &actions)
        }
        guard let common = terms.lastPossiblyCommon(with: position), common.sequence >= commitSequence else {
            needsSnapshot = true
            return leave(
                "history differs below the commit position; a snapshot is needed",
                closing: true,
                now,
                &actions
            )
        }
        terms.truncate(after: common.sequence)
        durable = terms.end
        unapplied.clear()
        freshness.forgetPending()
        enter(.truncating)
        unansweredActions += 1
        actions.append(.truncate(after: terms.end))
        sayProgress(&actions)
    }

    private mutating func beginSnapshot(
        _ begin: PeerFrame.SnapshotBegin,
        _ session: Session,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        switch session.phase {
        case .truncating, .installing: return violation("a snapshot in the middle of something else", now, &actions)
        case .undecided, .streaming: break
        }
        needsSnapshot = true
        terms = TermIndex(base: .zero)
        durable = .zero
        commitSequence = 0
        leaderCommit = 0
        appliedSequence = 0
        installedKeys = 0
        unapplied.clear()
        unsyncedBytes.clear()
        freshness.forgetAll()
        enter(.installing(Installation(begin: begin)))
        unansweredActions += 1
        actions.append(.beginSnapshot(begin))
        sayProgress(&actions)
    }

    private mutating func endSnapshot(
        _ position: Position,
        _ keys: UInt64,
        _ owned: SlotOwnership?,
        _ session: Session,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        guard case .installing(var installation) = session.phase, !installation.isComplete,
            position >= installation.begin.position, keys == installation.receivedKeys
        else { return violation("the snapshot's end at \(position) with \(keys) keys is wrong", now, &actions) }
        installation.isComplete = true
        enter(.installing(installation))
        finishing = position
        unansweredActions += 1
        actions.append(.finishSnapshot(position: position, owned: owned))
    }
}
