import Model
import Replication
import Routing

extension MigrationSourceMachine {
    mutating func receive(
        _ frame: MigrationFrame,
        _ led: inout LedShard,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        switch frame {
        case .acknowledge(let bytes):
            guard bytes <= sentBytes || isReading else {
                return close("a target acknowledged \(bytes) bytes, but only \(sentBytes) were sent", &actions)
            }
            acknowledgedBytes = max(acknowledgedBytes, bytes)
        case .ask(let number):
            guard case .streaming = phase, hold == nil, question == nil else {
                return close("a target asked for the hand-over out of turn", &actions)
            }
            question = Question(number: number, since: now)
        case .confirm(let number, let term):
            guard hold?.number == number, hold?.isFinalSent ?? false, !isProposed else { return }
            hold?.confirmedTerm = term
        case .accept, .refuse, .chunk, .copied, .mark, .final, .released, .owned:
            close("a target sent a frame that only sources send", &actions)
        }
    }

    /// Holds the writes of the slots, unless something speaks against it. Hand-overs go one after the other.
    mutating func answer(_ led: inout LedShard, _ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let question, case .streaming = phase else { return }
        if !led.handingOver.isEmpty, now < question.since + ReshardingLimits.holdMax { return }
        self.question = nil
        if let blocker = blocker(led) { return send(.released(number: question.number, blocker), &actions) }
        hold = Hold(number: question.number, since: now)
        led.handingOver.formUnion(slots)
        if led.plants(.handsOverUndrained) { hold?.disownedAt = through }
    }

    /// Why writes can't be held now, in words. The job may be paused by now: once asked, it goes through.
    private func blocker(_ led: LedShard) -> String? {
        if !led.handingOver.isEmpty { return "another hand-over is under way" }
        if !led.ownsSafely(slots) { return "the slots have just come back to the source" }
        let inFlight = sentBytes - min(sentBytes, acknowledgedBytes)
        if ReshardAmount.sum(inFlight, logBytesLeft(led)) > 2 * ReshardingLimits.handOverBytesMax {
            return "more is left again than may be left"
        }
        return nil
    }

    /// The record that takes the slots out of the log is committed.
    mutating func ownershipChanged(_ change: UInt64, at sequence: UInt64) {
        guard hold?.change == change, hold?.disownedAt == nil else { return }
        hold?.disownedAt = sequence
    }

    /// That record could not be written.
    mutating func ownershipFailed(
        _ change: UInt64,
        _ reason: String,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard hold?.change == change, hold?.disownedAt == nil else { return }
        release("the source can't write to its log: \(reason)", &actions)
    }

    mutating func advanceHold(_ led: inout LedShard, _ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let hold else { return }
        if let proposal = hold.proposal {
            guard let retryAt = hold.retryAt, now >= retryAt else { return }
            self.hold?.retryAt = nil
            actions.append(.propose(proposal))
            return
        }
        if let end = hold.disownedAt, !hold.isFinalSent, through >= end {
            self.hold?.isFinalSent = true
            send(.final(number: hold.number, position: Position(term: led.identity.term, sequence: end)), &actions)
        }
        if hold.confirmedTerm != nil { propose(&led, &actions) }
        guard !isProposed, now >= hold.since + ReshardingLimits.holdMax else { return }
        release("it took longer than \(ReshardingLimits.holdMax) ms", &actions)
    }

    /// Sends the compare-and-swap, if the target's leader is still the one that confirmed. Reads are held from here on.
    private mutating func propose(_ led: inout LedShard, _ actions: inout [ReshardingMachine.Action]) {
        guard let move, let confirmed = hold?.confirmedTerm, led.isInformed else { return }
        let target = led.snapshot.record(of: move.target)
        guard (target?.term ?? 0) <= confirmed, target?.leader != nil || (target?.term ?? 0) < confirmed else {
            return release("\(move.target) has another leader by now", &actions)
        }
        guard target?.term == confirmed else {
            // Its term is news here.
            if hold?.retryAt == nil {
                hold?.retryAt = .max
                actions.append(.readCoordinator)
            }
            return
        }
        do throws(RoutingError) {
            let map = try led.snapshot.map.giving(move.slots.ranges, to: move.target)
            var records = [led.shard: led.snapshot.revision(of: led.shard)]
            if !led.plants(.targetNotCompared) { records[move.target] = led.snapshot.revision(of: move.target) }
            let proposal = ReshardProposal(
                number: led.number(),
                map: map,
                mapRevision: led.snapshot.mapRevision,
                records: records,
                jobRevision: led.snapshot.jobRevision,
                job: nil
            )
            hold?.proposal = proposal
            hold?.retryAt = nil
            actions.append(.propose(proposal))
        } catch {
            release(error.message, &actions)
        }
    }

    /// What became of the proposal. The snapshot has what a conflict told already.
    mutating func decided(
        _ outcome: ReshardOutcome,
        _ led: inout LedShard,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard let proposal = hold?.proposal else { return }
        switch outcome {
        case .committed: finish(proposal.map.version, &actions)
        case .unknown:
            if led.plants(.unknownIsRefused) { return release("no answer of the coordinator", &actions) }
            hold?.retryAt = now + ReshardingLimits.retryPause
        case .conflict: judge(&led, &actions)
        }
        if case .orphaned = phase, hold == nil { phase = .closed }
    }

    /// Something that was compared has changed: an earlier attempt may have been written; or it is worth another; or not.
    private mutating func judge(_ led: inout LedShard, _ actions: inout [ReshardingMachine.Action]) {
        guard let move, let hello else { return }
        hold?.proposal = nil
        switch move.stage(on: led.snapshot.map) {
        case .done: finish(led.snapshot.map.version, &actions)
        case .stale(let slot, let owner): release("slot \(slot) belongs to \(owner) by now", &actions)
        case .due:
            guard led.movingJob?.id == hello.job else {
                return release("the reshard was cancelled", &actions)
            }
            propose(&led, &actions)
        }
    }

    /// The slots are the target's.
    private mutating func finish(_ version: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let hold, let move else { return }
        self.hold = nil
        send(.owned(number: hold.number, mapVersion: version), &actions)
        actions.append(.note("slots \(move.slots.short) are now of \(move.target), by map version \(version)"))
        close("the move is done", &actions)
    }

    /// The slots stay; held commands go on once the log says so again.
    mutating func release(_ reason: String, _ actions: inout [ReshardingMachine.Action]) {
        guard let hold else { return }
        self.hold = nil
        send(.released(number: hold.number, reason), &actions)
        if let move { actions.append(.note("no hand-over of slots \(move.slots.short): \(reason)")) }
        if case .orphaned = phase { phase = .closed }
    }
}
