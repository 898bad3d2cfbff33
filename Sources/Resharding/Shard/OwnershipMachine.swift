import Model
import Routing

/// Brings a shard's log in step with the slot map, clears what is nobody's, and ends jobs: decides, does nothing itself.
/// Kept by `ReshardingMachine`.
package struct OwnershipMachine {
    /// Records that say what the shard owns from there on, being appended. One at a time: the log's order decides.
    struct Change: Hashable {
        var number: UInt64
        var own: SlotSet
        var disown: SlotSet
    }

    /// The map's slots of this shard; of one version of the map.
    private(set) var mine = SlotSet()
    private var mineVersion: UInt64?
    /// Slots that hold keys although they are not owned here, as last told.
    private var leftovers = SlotSet()
    /// Slots of moves from and to this shard, of every job seen in this term and of those before them: only what a move
    /// left behind is cleared without being asked for. What else is here may be the only copy (the paper's offline
    /// doubling): `/clean` looks.
    private var moved = SlotSet()
    private var movedRevision: UInt64?
    private var clearing: (number: UInt64, slots: SlotSet)?
    private var retryAt: UInt64 = 0
    /// The last attempt to write ownership failed; commands don't wait for the next.
    private(set) var isFailing = false
    /// How the job is to end, as the map and the job of these revisions say.
    private var verdict: (map: UInt64, job: UInt64, step: ReshardJob.Step?)?
    private var endingSince: UInt64?
    private var ending: ReshardProposal?
    private var endingRetryAt: UInt64 = 0

    init() {}

    /// Takes note of the map. Cheap while its version stays.
    mutating func look(at snapshot: CoordinatorSnapshot, shard: String) {
        noteMoves(of: snapshot, shard)
        guard mineVersion != snapshot.mapRevision else { return }
        mineVersion = snapshot.mapRevision
        mine = SlotSet()
        guard let index = snapshot.map.index(ofShard: shard) else { return }
        for range in snapshot.map.ranges(ofShard: index) { mine.insert(range) }
    }

    private mutating func noteMoves(of snapshot: CoordinatorSnapshot, _ shard: String) {
        guard movedRevision != snapshot.jobRevision else { return }
        movedRevision = snapshot.jobRevision
        for move in snapshot.job?.moves ?? [] where move.source == shard || move.target == shard {
            for range in move.slots.ranges { moved.insert(range) }
        }
        for range in snapshot.job?.earlier[shard]?.ranges ?? [] { moved.insert(range) }
    }

    mutating func found(_ leftovers: SlotSet) { self.leftovers = leftovers }

    // MARK: What the log says

    /// Appends what the log lacks: the map rules, and the log follows. Slots that are being handed over are taken out.
    mutating func reconcile(_ led: inout LedShard, now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard led.isInformed, led.ownershipChange == nil, now >= retryAt else { return }
        let wanted = mine.subtracting(led.handingOver)
        let own = wanted.subtracting(led.owned)
        let disown = led.owned.subtracting(wanted)
        guard !own.isEmpty || !disown.isEmpty else { return }
        let change = Change(number: led.number(), own: own, disown: disown)
        led.ownershipChange = change
        actions.append(
            .changeOwnership(
                number: change.number,
                own: SlotList(own),
                disown: SlotList(disown),
                mapVersion: led.snapshot.map.version
            )
        )
    }

    mutating func changed(_ number: UInt64, _ led: inout LedShard) -> Bool {
        guard let change = led.ownershipChange, change.number == number else { return false }
        led.owned.formUnion(change.own)
        led.owned.subtract(change.disown)
        led.ownershipChange = nil
        isFailing = false
        return true
    }

    mutating func failed(_ number: UInt64, _ led: inout LedShard, now: UInt64) -> Bool {
        guard led.ownershipChange?.number == number else { return false }
        led.ownershipChange = nil
        isFailing = true
        retryAt = now + ReshardingLimits.appendRetry
        return true
    }

    // MARK: What is nobody's

    /// Clears slots that hold keys and are not this shard's by map or log, nor about to be. So what a cancelled or broken
    /// move left at a target goes, and what a finished one left at the source.
    mutating func clean(
        _ led: inout LedShard,
        staged: SlotSet,
        now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard !leftovers.isEmpty, clearing == nil, led.isInformed, now >= retryAt else { return }
        var free = moved
        free.subtract(mine)
        free.subtract(led.owned)
        free.subtract(led.handingOver)
        free.subtract(staged)
        if let change = led.ownershipChange { free.subtract(change.own) }
        // Where keys are few, every other slot is empty: a record for each of thousands of ranges would take seconds.
        let slots = leftovers.joined(within: free)
        guard !slots.isEmpty else { return }
        let number = led.number()
        clearing = (number, slots)
        actions.append(.clear(number: number, SlotList(slots)))
    }

    mutating func cleared(_ number: UInt64) {
        guard let clearing, clearing.number == number else { return }
        leftovers.subtract(clearing.slots)
        self.clearing = nil
    }

    mutating func clearFailed(_ number: UInt64, now: UInt64) {
        guard clearing?.number == number else { return }
        clearing = nil
        retryAt = now + ReshardingLimits.appendRetry
    }

    // MARK: The end of a job

    /// Ends a job that is done, cancelled or impossible. Every shard's leader would; they wait for each other a little.
    mutating func endJob(_ led: inout LedShard, now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        if ending != nil { return retryEnding(now, &actions) }
        guard led.isInformed, let step = verdict(led.snapshot) else { return endingSince = nil }
        let since = endingSince ?? now
        endingSince = since
        let place = UInt64(led.snapshot.map.index(ofShard: led.shard) ?? 0)
        let wait = min(place * ReshardingLimits.endingStagger, ReshardingLimits.endingStaggerMax)
        guard now >= since + wait else { return }
        let proposal = ReshardProposal(
            number: led.number(),
            map: step.map,
            mapRevision: led.snapshot.mapRevision,
            records: [:],
            jobRevision: led.snapshot.jobRevision,
            job: step.job
        )
        ending = proposal
        endingRetryAt = .max
        actions.append(.propose(proposal))
    }

    private mutating func verdict(_ snapshot: CoordinatorSnapshot) -> ReshardJob.Step? {
        if let verdict, verdict.map == snapshot.mapRevision, verdict.job == snapshot.jobRevision { return verdict.step }
        let step = snapshot.job?.ending(on: snapshot.map)
        verdict = (snapshot.mapRevision, snapshot.jobRevision, step)
        return step
    }

    private mutating func retryEnding(_ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let ending, now >= endingRetryAt else { return }
        endingRetryAt = .max
        actions.append(.propose(ending))
    }

    /// - Returns: whether the outcome is of this machine's proposal.
    mutating func decided(
        _ number: UInt64,
        _ outcome: ReshardOutcome,
        now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) -> Bool {
        guard let proposal = ending, proposal.number == number else { return false }
        switch outcome {
        case .committed:
            ending = nil
            let reason = proposal.job?.reason.map { ": \($0)" } ?? ""
            actions.append(.note("the reshard is \(proposal.job?.state.rawValue ?? "over")\(reason)"))
        case .conflict: ending = nil
        case .unknown: endingRetryAt = now + ReshardingLimits.retryPause
        }
        return true
    }

    /// What the ending would have written, if it was.
    func written(_ number: UInt64) -> ReshardProposal? { ending?.number == number ? ending : nil }
}
