import Model

extension LeaderFollowerMachine {
    mutating func receive(
        _ hello: PeerHello,
        _ terms: TermIndex,
        _ log: LogState,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        guard case .waitingForHello = phase else { return close("a second hello on one connection", &actions) }
        self.hello = hello
        self.terms = terms
        if hello.cluster != identity.cluster {
            return refuse(.wrongCluster, "this is cluster \(identity.cluster), not \(hello.cluster)", &actions)
        }
        if hello.shard != identity.shard {
            return refuse(.wrongShard, "this is shard \(identity.shard), not \(hello.shard)", &actions)
        }
        if let own = identity.coordinator, let other = hello.coordinator, own != other {
            let text =
                "this is a shard of coordinator \(own), the replica's folder is of \(other): two histories that must not be mixed"
            return refuse(.wrongCluster, text, &actions)
        }
        if max(hello.term, hello.position.term) > identity.term {
            let text = "the replica knows of term \(hello.term), this leader is of term \(identity.term)"
            return refuse(.lowerTerm, text, &actions)
        }
        if !hello.needsSnapshot, hello.position.term == identity.term, hello.position.sequence > log.end.sequence {
            let text =
                "the replica has \(hello.position), this leader's log ends in \(log.end); check the leader's disk"
            return refuse(.leaderLostLog, text, &actions)
        }
        if log.isLeaseValid { sendHeartbeat(log, now, &actions) }
        if hello.needsSnapshot { return askForSnapshot(log, &actions) }
        decide(hello.position, log, &actions)
    }

    func refuse(_ refusal: PeerFrame.Refusal, _ text: String) -> [Action] {
        [.send(.refuse(refusal, text)), .close(reason: "refused a replica: \(text)")]
    }

    private mutating func refuse(_ refusal: PeerFrame.Refusal, _ text: String, _ actions: inout [Action]) {
        phase = .closed
        actions += refuse(refusal, text)
    }

    /// Log, cut or snapshot for a follower whose log ends in `position`.
    private mutating func decide(_ position: Position, _ log: LogState, _ actions: inout [Action]) {
        if position.sequence >= log.start.sequence, position == log.start || hasRecord(position, log) {
            return stream(after: position, &actions)
        }
        // The terms of records that were cut from the log are known, too, but a follower there needs a snapshot anyway.
        guard position.sequence > log.start.sequence, let common = terms.lastPossiblyCommon(with: position),
            common.sequence >= log.start.sequence, common.sequence >= hello?.commitSequence ?? 0, common != position
        else { return askForSnapshot(log, &actions) }
        phase = .truncating(to: common)
        actions.append(.pinLog(after: log.start.sequence))
        actions.append(.send(.truncate(after: common)))
    }

    /// Whether the leader's log has that record. `terms` is as old as the hello; what came later is of this term.
    private func hasRecord(_ position: Position, _ log: LogState) -> Bool {
        guard position.sequence <= log.end.sequence else { return false }
        if plants(.sequenceWithoutTerm) { return true }
        return (terms.term(at: position.sequence) ?? identity.term) == position.term
    }

    private mutating func stream(after position: Position, _ actions: inout [Action]) {
        phase = .streaming
        sentEnd = position
        sentOffset = nil
        acknowledged = position
        inFlight.clear()
        actions.append(.pinLog(after: position.sequence))
        actions.append(.send(.resume(after: position)))
        lastHeartbeat = nil
    }

    mutating func askForSnapshot(_ log: LogState, _ actions: inout [Action]) {
        phase = .awaitingSnapshot
        inFlight.clear()
        acknowledged = .zero
        actions.append(.pinLog(after: log.start.sequence))
        actions.append(.askForSnapshot)
    }

    /// The whole log stays until the snapshot's own position is known.
    mutating func openSnapshot(_ log: LogState, _ actions: inout [Action]) {
        phase = .openingSnapshot
        inFlight.clear()
        acknowledged = .zero
        actions.append(.pinLog(after: log.start.sequence))
        actions.append(.startSnapshot)
    }

    mutating func receive(_ frame: PeerFrame, _ log: LogState, _ now: UInt64, _ actions: inout [Action]) {
        guard case .acknowledge(let answer) = frame else {
            return close("a follower sent a frame that only leaders send", &actions)
        }
        stamp = max(stamp, answer.stamp)
        switch phase {
        case .waitingForHello: close("an acknowledgement before the hello", &actions)
        case .closed, .awaitingSnapshot, .openingSnapshot: break
        case .truncating(let target):
            if answer.durable <= target { decide(answer.durable, log, &actions) }
        case .snapshot(let sending):
            inFlight.settle(through: answer.installedKeys)
            if sending.isComplete, !answer.needsSnapshot, answer.durable == sending.position {
                decide(answer.durable, log, &actions)
            }
        case .streaming: acknowledge(answer, log, &actions)
        }
    }

    private mutating func acknowledge(
        _ answer: PeerFrame.Acknowledge,
        _ log: LogState,
        _ actions: inout [Action]
    ) {
        guard answer.durable <= sentEnd || isReading && answer.durable <= log.end else {
            return close("a follower acknowledged \(answer.durable), but only \(sentEnd) was sent", &actions)
        }
        appliedSequence = max(appliedSequence, answer.appliedSequence)
        guard answer.durable > acknowledged else { return }
        acknowledged = answer.durable
        inFlight.settle(through: acknowledged.sequence)
        actions.append(.pinLog(after: acknowledged.sequence))
    }
}
