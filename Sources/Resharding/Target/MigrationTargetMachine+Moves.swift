import Model
import Replication

extension MigrationTargetMachine {
    /// Whether a promise is known to be kept or void. Judged on one snapshot: what can't be written any more by it can't
    /// be written at all.
    mutating func settlePromise(_ led: LedShard) {
        guard let promise else { return }
        if led.plants(.clearsPromised), attempt == nil { return self.promise = nil }
        let isOwn = promise.move.stage(on: led.snapshot.map) == .done
        // The source's compare-and-swap compares its own record and the job.
        let isOver =
            (led.snapshot.record(of: promise.move.source)?.term ?? 0) > promise.sourceTerm
            || led.movingJob?.id != promise.job
        if isOwn || isOver { self.promise = nil }
        // The source closes the connection as soon as it knows, which may be before this shard does: no failure.
        if isOwn { retries[promise.move.source] = nil }
    }

    /// Drops what is not to be done any more: the job has ended or was cancelled, the move is done, the source has
    /// another leader.
    mutating func checkJob(_ led: LedShard, _ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let attempt else { return }
        guard let job = led.movingJob, job.moves.indices.contains(attempt.move.index),
            job.moves[attempt.move.index] == attempt.move, retriesOf == job.id
        else { return drop("the reshard has ended or was cancelled", &actions) }
        switch attempt.move.stage(on: led.snapshot.map) {
        case .due:
            guard (led.snapshot.record(of: attempt.move.source)?.term ?? 0) > attempt.sourceTerm else { return }
            fail("\(attempt.move.source) has another leader", now, &actions)
        case .done: drop("the move is done", &actions)
        case .stale(let slot, let owner): drop("slot \(slot) belongs to \(owner) by now", &actions)
        }
    }

    /// Begins the next move that is due.
    mutating func begin(_ led: LedShard, _ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard attempt == nil, led.isInformed, let job = led.movingJob, !isQuiet(led) else { return }
        if retriesOf != job.id {
            retriesOf = job.id
            retries = [:]
        }
        guard job.state == .running || promise != nil, let move = nextMove(job, led, now) else {
            if promise == nil, job.state != .running || job.due(to: led.shard, on: led.snapshot.map).isEmpty {
                quiet = (led.snapshot.mapRevision, led.snapshot.jobRevision)
            }
            return
        }
        guard let record = led.snapshot.record(of: move.source), let leader = record.leader else {
            var retry = retries[move.source] ?? Retry()
            retry.retryAt = now + ReshardingLimits.moveRetryFirst
            retry.sourceTerm = led.snapshot.record(of: move.source)?.term ?? 0
            retry.reason = "\(move.source) has no leader"
            retries[move.source] = retry
            return
        }
        lastLink += 1
        attempt = Attempt(
            link: lastLink,
            move: move,
            slots: move.slots.set,
            sourceTerm: record.term,
            begunAt: now,
            lastHeard: now,
            toldAt: now
        )
        let hello = MigrationHello(
            cluster: led.identity.cluster,
            coordinator: led.identity.coordinator,
            job: job.id,
            move: move.index,
            slots: move.slots,
            shard: led.shard,
            term: led.identity.term
        )
        actions.append(.target(link: lastLink, .connect(to: leader.address, hello)))
    }

    private func isQuiet(_ led: LedShard) -> Bool {
        quiet.map { $0.map == led.snapshot.mapRevision && $0.job == led.snapshot.jobRevision } ?? false
    }

    /// The first one whose pause is over. A promise comes first: it has to be settled before anything else.
    private func nextMove(_ job: ReshardJob, _ led: LedShard, _ now: UInt64) -> ReshardMove? {
        func isReady(_ move: ReshardMove) -> Bool {
            guard let retry = retries[move.source], retry.retryAt > now else { return true }
            return (led.snapshot.record(of: move.source)?.term ?? 0) > retry.sourceTerm
        }
        if let promise { return isReady(promise.move) ? promise.move : nil }
        return job.moves.first { move in
            // What this shard gives away itself is not taken back before that is decided.
            move.target == led.shard && isReady(move) && move.stage(on: led.snapshot.map) == .due
                && led.handingOver.isDisjoint(with: move.slots.set)
        }
    }

    mutating func checkSilence(_ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let attempt else { return }
        switch attempt.stage {
        case .connecting:
            guard now >= attempt.begunAt + ReshardingLimits.acceptPatience else { return }
            return fail("the source has not accepted for \(now - attempt.begunAt) ms", now, &actions)
        case .asked(_, let at) where now >= at + 2 * ReshardingLimits.holdMax:
            return fail("the source did not answer the question for the hand-over", now, &actions)
        default: break
        }
        guard now >= attempt.lastHeard + ReshardingLimits.silenceMax else { return }
        fail("the source has been silent for \(now - attempt.lastHeard) ms", now, &actions)
    }

    /// What to show of it.
    func progress(_ led: LedShard, _ governor: RateGovernor, now: UInt64) -> ReshardProgress.Target {
        guard let attempt else { return waiting(led, now) }
        var progress = ReshardProgress.Target(phase: .connecting, move: attempt.move.index)
        switch attempt.stage {
        case .connecting: break
        case .copying: progress.phase = .copying
        case .catchingUp: progress.phase = .catchingUp
        case .asked, .finishing, .jumping, .confirmed: progress.phase = .handingOver
        }
        progress.keysTotal = attempt.acceptance?.keys ?? attempt.move.keys
        progress.bytesTotal = attempt.acceptance?.bytes ?? attempt.move.bytes
        progress.keysCopied = min(attempt.keysTaken, progress.keysTotal)
        let isCopied = attempt.isCopied && attempt.stage != .copying
        progress.bytesCopied = isCopied ? progress.bytesTotal : min(attempt.importedBytes, progress.bytesTotal)
        progress.bytesPerSecond = meter.bytesPerSecond(now: now)
        progress.bytesPerSecondMax = limit(led, governor)
        let left = left(attempt)
        progress.logBytesLeft = left == .max ? 0 : left
        progress.isHurrying = attempt.isHurrying
        progress.failures = retries[attempt.move.source]?.count ?? 0
        if attempt.isHurrying { progress.message = "writes come faster than it catches up; it goes without limits" }
        if led.movingJob?.state == .paused { progress.message = "paused" }
        return progress
    }

    private func waiting(_ led: LedShard, _ now: UInt64) -> ReshardProgress.Target {
        guard let job = led.movingJob, retriesOf == job.id else { return ReshardProgress.Target() }
        if let promise {
            var progress = ReshardProgress.Target(phase: .waiting, move: promise.move.index)
            progress.message =
                "whether the hand-over was written is not known yet: \(retries[promise.move.source]?.reason ?? "")"
            return progress
        }
        guard let move = job.due(to: led.shard, on: led.snapshot.map).first else { return ReshardProgress.Target() }
        if job.state == .paused { return ReshardProgress.Target(phase: .idle, message: "paused") }
        var progress = ReshardProgress.Target(phase: .waiting, move: move.index)
        progress.failures = retries[move.source]?.count ?? 0
        progress.message = retries[move.source]?.reason ?? ""
        return progress
    }
}
