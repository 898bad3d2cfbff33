import Model
import Replication
import Routing

extension ReshardingMachine {
    mutating func take(_ event: Event, _ now: UInt64, _ actions: inout [Action]) {
        switch event {
        case .snapshotSeen(let snapshot): led.snapshot.adopt(snapshot)
        case .decided(let number, let outcome): decided(number, outcome, now, &actions)
        case .committed(let sequence): led.commitSequence = max(led.commitSequence, sequence)
        case .ownershipChanged(let number, let sequence):
            led.commitSequence = max(led.commitSequence, sequence)
            guard ownership.changed(number, &led) else { return }
            for index in sources.indices { sources[index].ownershipChanged(number, at: sequence) }
        case .ownershipFailed(let number, let reason):
            guard ownership.failed(number, &led, now: now) else { return }
            actions.append(.note("what this shard owns can't be written to its log: \(reason)"))
            for index in sources.indices { sources[index].ownershipFailed(number, reason, &actions) }
        case .leftovers(let slots): ownership.found(slots)
        case .cleared(let number): ownership.cleared(number)
        case .clearFailed(let number, let reason):
            ownership.clearFailed(number, now: now)
            actions.append(.note("slots of other shards can't be cleared here: \(reason)"))
        case .latency(let p99, let commits):
            let targetStrain = target.attempt?.mark?.strain ?? 100
            governor.sample(p99: p99, commits: commits, targetStrain: targetStrain)
        case .source(let link, let event): take(event, ofSource: link, now, &actions)
        case .target(let link, let event): target.handle(event, link: link, &led, now: now, &actions)
        case .tick: break
        }
    }

    private mutating func take(
        _ event: MigrationSourceMachine.Event,
        ofSource link: UInt64,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        if case .hello(let hello) = event {
            replaceEarlierLink(of: hello, &actions)
            guard sources.count < ReshardingLimits.linksMax else {
                let text = "\(sources.count) targets copy from this shard already"
                actions.append(.source(link: link, .send(.refuse(.busy, text))))
                actions.append(.source(link: link, .close(reason: text)))
                return
            }
            sources.append(MigrationSourceMachine(link: link, now: now))
        }
        gatherHolds()
        guard let index = sources.lastIndex(where: { $0.link == link }) else { return }
        sources[index].handle(event, &led, now: now, &actions)
    }

    /// A target that connects anew has given up its earlier link, of which nothing may have been heard here yet.
    private mutating func replaceEarlierLink(of hello: MigrationHello, _ actions: inout [Action]) {
        for index in sources.indices where !sources[index].isProposed && sources[index].hello?.shard == hello.shard {
            sources[index].close("the target has connected anew", &actions)
        }
        sources.removeAll { $0.isClosed }
    }

    /// Whoever proposed learns it from a snapshot that has the outcome.
    private mutating func decided(
        _ number: UInt64,
        _ outcome: ReshardOutcome,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        let index = sources.firstIndex { $0.hold?.proposal?.number == number }
        switch outcome {
        case .committed(let revision):
            let proposal = index.flatMap { sources[$0].hold?.proposal } ?? ownership.written(number)
            guard let proposal else { return }
            var snapshot = led.snapshot
            (snapshot.map, snapshot.mapRevision) = (proposal.map, revision)
            if let job = proposal.job { (snapshot.job, snapshot.jobRevision) = (job, revision) }
            led.snapshot.adopt(snapshot)
        case .conflict(let snapshot): led.snapshot.adopt(snapshot)
        case .unknown: break
        }
        if ownership.decided(number, outcome, now: now, &actions) { return }
        guard let index else { return }
        sources[index].decided(outcome, &led, now, &actions)
    }

    // MARK: What is shown

    /// This node's part in the job; nil while there is none.
    package func progress(now: UInt64) -> ReshardProgress? {
        guard let job = led.snapshot.job else { return nil }
        let source = ReshardProgress.Source(
            links: sources.count,
            held: led.handingOver.count,
            pauses: pauses
        )
        return ReshardProgress(
            job: job.id,
            shard: led.shard,
            target: target.progress(led, governor, now: now),
            source: source
        )
    }

    /// The newest slot map that is known here: where commands are redirected to.
    package var map: SlotMap { led.snapshot.map }

    /// Whether `tick` is needed at its short period: a job is under way, or something of one is not settled.
    package var isBusy: Bool {
        !(led.snapshot.job?.state.isEnded ?? true) || !sources.isEmpty || target.attempt != nil || target.promise != nil
            || led.ownershipChange != nil
    }
}
