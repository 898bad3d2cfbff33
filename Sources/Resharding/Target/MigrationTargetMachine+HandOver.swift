import Model

extension MigrationTargetMachine {
    /// Log of the source that is not in this shard's log yet.
    func left(_ attempt: Attempt) -> UInt64 {
        ReshardAmount.sum(attempt.mark?.bytesLeft ?? .max, UInt64(attempt.queuedBytes + attempt.importingBytes))
    }

    /// Asks for the hand-over when the rest is small. It is never asked for sooner: writes would be held for longer.
    mutating func askIfNear(_ led: LedShard, _ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let attempt, attempt.stage == .catchingUp, let mark = attempt.mark, let acceptance = attempt.acceptance,
            mark.through >= acceptance.position.sequence
        else { return }
        let left = left(attempt)
        noteNearing(left, now)
        let speed = meter.bytesPerSecond(now: now)
        let shippable = speed / 1_000 * ReshardingLimits.handOverTime
        let near = max(ReshardingLimits.nearBytes, min(ReshardingLimits.handOverBytesMax, shippable))
        guard left <= near, led.movingJob?.state == .running, now >= attempt.askAgainAt else { return }
        let number = attempt.lastNumber + 1
        self.attempt?.lastNumber = number
        self.attempt?.stage = .asked(number: number, at: now)
        send(.ask(number: number), &actions)
    }

    /// Without limits from when it has not come nearer for a while: writes are never held to make it.
    private mutating func noteNearing(_ left: UInt64, _ now: UInt64) {
        guard let attempt, !attempt.isHurrying else { return }
        if left <= ReshardingLimits.nearBytes || left < attempt.leastLeft ?? .max {
            self.attempt?.leastLeft = left
            self.attempt?.nearerAt = now
        } else if now >= attempt.nearerAt + ReshardingLimits.hurryAfter {
            self.attempt?.isHurrying = true
        }
    }

    /// The source holds writes and has sent all. The rest is taken in, then the log jumps.
    mutating func finalCame(
        _ number: UInt64,
        _ sequence: UInt64,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard let attempt, case .asked(number, _) = attempt.stage else { return }
        guard attempt.versionMax <= sequence else {
            return fail(
                "the source's end \(sequence) is below a version \(attempt.versionMax) that it sent",
                now,
                &actions
            )
        }
        self.attempt?.stage = .finishing(number: number, sequence: sequence)
    }

    /// Appends the jump behind all that came. Called with everything else that is due.
    mutating func jumpIfComplete(_ led: LedShard, _ actions: inout [ReshardingMachine.Action]) {
        guard let attempt, case .finishing(let number, let sequence) = attempt.stage, attempt.queue.isEmpty else {
            return
        }
        lastJump += 1
        self.attempt?.stage = .jumping(number: number, jump: lastJump)
        let beyond = led.plants(.noJump) ? 0 : sequence
        actions.append(.target(link: attempt.link, .jump(number: lastJump, beyond: beyond)))
    }

    /// Everything is on every disk that counts. From here on the slots may be this shard's at any moment.
    mutating func jumped(
        _ jump: UInt64,
        _ led: LedShard,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard let attempt, case .jumping(let number, jump) = attempt.stage, let acceptance = attempt.acceptance,
            let job = led.movingJob?.id
        else { return }
        self.attempt?.stage = .confirmed(number: number)
        promise = Promise(
            move: attempt.move,
            slots: attempt.slots,
            job: job,
            number: number,
            sourceTerm: acceptance.term,
            since: now
        )
        send(.confirm(number: number, term: led.identity.term), &actions)
    }

    /// No hand-over this time: log is shipped as before.
    mutating func released(_ number: UInt64, _ text: String, _ now: UInt64) {
        guard let attempt else { return }
        switch attempt.stage {
        case .asked(number, _), .finishing(number, _), .jumping(number, _), .confirmed(number): break
        default: return
        }
        if promise?.number == number { promise = nil }
        self.attempt?.stage = .catchingUp
        self.attempt?.askAgainAt = now + attempt.askPause
        self.attempt?.askPause = min(2 * attempt.askPause, ReshardingLimits.askAgainMax)
    }
}
