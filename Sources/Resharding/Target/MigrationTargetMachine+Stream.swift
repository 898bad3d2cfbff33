import Model
import Replication

extension MigrationTargetMachine {
    mutating func receive(
        _ frame: MigrationFrame,
        _ led: LedShard,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        switch frame {
        case .accept(let acceptance): accepted(acceptance, led, now, &actions)
        case .refuse(_, let text): fail("the source refused: \(text)", now, &actions)
        case .chunk(let chunk): received(chunk, now, &actions)
        case .copied(let keys): copied(keys, now, &actions)
        case .mark(let mark): marked(mark, now, &actions)
        case .final(let number, let position): finalCame(number, position.sequence, now, &actions)
        case .released(let number, let text): released(number, text, now)
        case .owned: actions.append(.readCoordinator)
        case .acknowledge, .ask, .confirm: fail("the source sent a frame that only targets send", now, &actions)
        }
    }

    /// A source that accepts owns the slots, and nothing is under way any more that would give them away.
    private mutating func accepted(
        _ acceptance: MigrationFrame.Acceptance,
        _ led: LedShard,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard let attempt, attempt.stage == .connecting else {
            return fail("the source accepted out of turn", now, &actions)
        }
        promise = nil
        self.attempt?.acceptance = acceptance
        self.attempt?.stage = .copying
        guard !led.plants(.noClearing) else { return }
        actions.append(.target(link: attempt.link, .clear(attempt.move.slots)))
    }

    private mutating func received(
        _ chunk: MigrationChunk,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard let attempt, attempt.stage != .connecting else {
            return fail("the source sent data before it accepted", now, &actions)
        }
        if let slot = chunk.stranger(to: attempt.slots) {
            return fail("the source sent slot \(slot), which does not move, or a key of another slot", now, &actions)
        }
        let most = ReshardingLimits.windowBytes + MigrationChunk.bytesMax
        guard attempt.queuedBytes + attempt.importingBytes + chunk.bytes.count <= most else {
            return fail("the source sent more than the window allows", now, &actions)
        }
        switch attempt.stage {
        case .connecting, .jumping, .confirmed:
            return fail("the source sent data after the end of the move", now, &actions)
        case .finishing: return fail("the source sent data after its final position", now, &actions)
        case .copying, .catchingUp, .asked: break
        }
        self.attempt?.queue.append(chunk)
        self.attempt?.queuedBytes += chunk.bytes.count
        self.attempt?.versionMax = max(attempt.versionMax, chunk.versionMax)
        if !attempt.isCopied { self.attempt?.keysReceived += UInt64(chunk.count) }
    }

    private mutating func copied(_ keys: UInt64, _ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let attempt, attempt.stage == .copying, !attempt.isCopied, attempt.keysReceived == keys else {
            return fail("the source sent a copy of another size than it says", now, &actions)
        }
        self.attempt?.isCopied = true
    }

    private mutating func marked(
        _ mark: MigrationFrame.Mark,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard mark.through >= attempt?.mark?.through ?? 0 else {
            return fail("the source goes back in its log", now, &actions)
        }
        attempt?.mark = mark
    }

    // MARK: Taking in

    /// Hands chunks to the log: in order, at the rate there is, and never more than a bounded part at once.
    mutating func takeIn(
        _ led: LedShard,
        _ governor: RateGovernor,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard let attempt, !attempt.queue.isEmpty else { return }
        // A pause stops copies; what is caught up would only become more.
        if attempt.stage == .copying, led.movingJob?.state != .running { return }
        let limit = limit(led, governor)
        var taken = 0
        for chunk in attempt.queue {
            let importing = self.attempt?.importingBytes ?? 0
            guard importing == 0 || importing + chunk.bytes.count <= ReshardingLimits.importBytesMax else { break }
            if let limit, !bucket.isOpen(rate: limit, now: now) { break }
            bucket.take(chunk.bytes.count)
            taken += 1
            self.attempt?.importingBytes += chunk.bytes.count
            self.attempt?.queuedBytes -= chunk.bytes.count
            if attempt.stage == .copying { self.attempt?.keysTaken += UInt64(chunk.count) }
            actions.append(.target(link: attempt.link, .importChunk(chunk)))
        }
        self.attempt?.queue.removeFirst(taken)
    }

    /// Bytes per second for this shard now; nil: without a limit. Behind the copy only the wish of an operator limits, and
    /// not even that when writes would never be caught up with; not at all while writes are held.
    func limit(_ led: LedShard, _ governor: RateGovernor) -> UInt64? {
        guard let attempt, let job = led.movingJob else { return nil }
        let share = job.rate.map { max(1, $0 / UInt64(max(1, busy?.count ?? 1))) }
        switch attempt.stage {
        case .connecting, .copying: return governor.rate(limit: share)
        case .catchingUp: return attempt.isHurrying ? nil : share
        case .asked, .finishing, .jumping, .confirmed: return nil
        }
    }

    mutating func countTargets(_ led: LedShard) {
        guard let job = led.movingJob, job.rate != nil else { return }
        if let busy, busy.map == led.snapshot.mapRevision, busy.job == led.snapshot.jobRevision { return }
        busy = (job.busyTargets(on: led.snapshot.map), led.snapshot.mapRevision, led.snapshot.jobRevision)
    }

    mutating func imported(_ bytes: Int, _ now: UInt64) {
        guard let attempt else { return }
        let bytes = min(max(0, bytes), attempt.importingBytes)
        self.attempt?.importingBytes -= bytes
        self.attempt?.importedBytes += UInt64(bytes)
        meter.add(UInt64(bytes), now: now)
    }

    mutating func acknowledge(_ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let attempt else { return }
        let news = attempt.importedBytes - attempt.toldBytes
        let isIdle = attempt.queue.isEmpty && attempt.importingBytes == 0
        guard
            news >= ReshardingLimits.acknowledgeBytes || news > 0 && isIdle
                || now >= attempt.toldAt + ReshardingLimits.acknowledgePeriod
        else { return }
        self.attempt?.toldBytes = attempt.importedBytes
        self.attempt?.toldAt = now
        send(.acknowledge(bytes: attempt.importedBytes), &actions)
    }

    /// The copy is in this shard's log: from here on log is taken in behind it.
    mutating func finishCopy() {
        guard let attempt, attempt.stage == .copying, attempt.isCopied, attempt.keysTaken >= attempt.keysReceived else {
            return
        }
        self.attempt?.stage = .catchingUp
    }
}
