import Model
import Replication
import Storage

/// Decides all of resharding for a shard's leader, for one term: which slots it serves, holds or gives away, what it copies
/// from whom, and when. Does nothing itself.
///
/// Make one when a term begins to serve, with a snapshot of the coordinator that has this term in the shard's record; drop
/// it when the lead ends: nothing it asked for may be done in a later term. Feed it events with the time of a boot-time clock in
/// milliseconds, `tick` at least every `ReshardingLimits.tickPeriod` while there is a job that has not ended. Execute the
/// actions in order; all that is appended to the log, in one order over all of its kinds. Confined to its driver's thread.
package struct ReshardingMachine {
    package struct Identity: Sendable {
        package var cluster: String
        /// The coordinator's id.
        package var coordinator: String
        package var shard: String
        /// The term in which this node leads.
        package var term: UInt64
        package var planted: ReshardingBugs

        package init(
            cluster: String,
            coordinator: String,
            shard: String,
            term: UInt64,
            planted: ReshardingBugs = []
        ) {
            self.cluster = cluster
            self.coordinator = coordinator
            self.shard = shard
            self.term = term
            self.planted = planted
        }
    }

    package enum Event: Sendable {
        // MARK: The coordinator

        /// From the watch, or the answer to `readCoordinator`.
        case snapshotSeen(CoordinatorSnapshot)
        /// Answer to `propose`, exactly one for each; late answers after a time-out (`unknown`) are dropped.
        case decided(number: UInt64, ReshardOutcome)

        // MARK: The store

        /// The commit position.
        case committed(through: UInt64)
        /// Answer to `changeOwnership`: committed; the sequence of its last record.
        case ownershipChanged(number: UInt64, at: UInt64)
        /// Answer to `changeOwnership`: surely nothing was appended.
        case ownershipFailed(number: UInt64, reason: String)
        /// Slots that hold keys and are not owned by the log; whenever something is cleared or the counts are taken.
        case leftovers(SlotSet)
        /// Answer to `clear`: committed.
        case cleared(number: UInt64)
        case clearFailed(number: UInt64, reason: String)
        /// The 99th percentile of commits, in microseconds, and how many: about every `RateGovernor.samplePeriod`.
        case latency(p99: UInt64, commits: Int)

        // MARK: Links. Those of targets that connect here are numbered by the driver, rising.

        case source(link: UInt64, MigrationSourceMachine.Event)
        case target(link: UInt64, MigrationTargetMachine.Event)
        case tick
    }

    package enum Action: Sendable {
        /// Comes before all other actions of an event, and must have taken effect, for what is admitted, before they are
        /// carried out. The first one comes with the first event.
        case serve(SlotServing)
        /// Append records that the shard owns, and no longer owns, these slots, in one batch.
        case changeOwnership(number: UInt64, own: SlotList, disown: SlotList, mapVersion: UInt64)
        /// Append a record that deletes whatever these slots have.
        case clear(number: UInt64, SlotList)
        case propose(ReshardProposal)
        /// Read all of the snapshot anew.
        case readCoordinator
        case source(link: UInt64, MigrationSourceMachine.Action)
        case target(link: UInt64, MigrationTargetMachine.Action)
        /// An event for console and log, in words.
        case note(String)
    }

    var led: LedShard
    var ownership = OwnershipMachine()
    var sources: [MigrationSourceMachine] = []
    var target = MigrationTargetMachine()
    var governor = RateGovernor()
    var pauses = PauseHistogram()
    /// Holds whose end is awaited: the slots, and since when writes wait.
    var pausing: [(slots: SlotSet, since: UInt64)] = []
    var serving: SlotServing?
    private var servingFrom: ServingInputs?

    /// - Parameters:
    ///   - snapshot: as of the takeover or later.
    ///   - owned: what the log says this shard owns, up to its committed end.
    ///   - committed: the commit position's sequence.
    package init(identity: Identity, snapshot: CoordinatorSnapshot, owned: SlotSet, committed: UInt64) {
        led = LedShard(identity: identity, snapshot: snapshot, owned: owned, commitSequence: committed)
    }

    /// Takes one event and says what to do.
    package mutating func handle(_ event: Event, now: UInt64) -> [Action] {
        var actions: [Action] = []
        take(event, now, &actions)
        if case .committed = event, serving != nil, sources.allSatisfy({ $0.hold == nil }) {
            // Comes with every batch, and concerns who ships the log alone.
            for index in sources.indices { sources[index].proceed(led, &actions) }
            return actions
        }
        ownership.look(at: led.snapshot, shard: led.shard)
        gatherHolds()
        for index in sources.indices { sources[index].advance(&led, now: now, &actions) }
        gatherHolds()
        target.advance(&led, governor, now: now, &actions)
        ownership.clean(&led, staged: target.staged, now: now, &actions)
        ownership.endJob(&led, now: now, &actions)
        governor.setCopying(target.attempt?.isStaging ?? false || sources.contains { $0.isCopying })
        led.strain = governor.strain
        reconcile(now, &actions)
        sources.removeAll { $0.isClosed }
        if let serving = nextServing(now) { actions.insert(.serve(serving), at: 0) }
        return actions
    }

    /// Why the keys of slots that are not this shard's can't be deleted for somebody who asks now; nil if they can, by an
    /// append that comes before everything that is decided later.
    package func blocker(toClearing slots: SlotSet) -> String? {
        guard led.isInformed else { return "this node has just become the leader; try again" }
        if target.attempt != nil || target.promise != nil || led.snapshot.job.map({ !$0.state.isEnded }) ?? false {
            return "a reshard is under way, which clears by itself what has moved; wait for its end"
        }
        var own = ownership.mine.union(led.owned)
        own.formUnion(led.handingOver)
        if let change = led.ownershipChange { own.formUnion(change.own) }
        return slots.isDisjoint(with: own) ? nil : "the slot map has just changed; try again"
    }

    private mutating func reconcile(_ now: UInt64, _ actions: inout [Action]) {
        let before = led.ownershipChange?.number
        ownership.reconcile(&led, now: now, &actions)
        guard let change = led.ownershipChange, change.number != before else { return }
        for index in sources.indices where sources[index].hold?.change == nil {
            guard sources[index].hold != nil, sources[index].slots.isSubset(of: change.disown) else { continue }
            sources[index].hold?.change = change.number
        }
    }

    mutating func gatherHolds() {
        guard !led.handingOver.isEmpty || sources.contains(where: { $0.hold != nil }) else { return }
        var slots = SlotSet()
        for source in sources where source.hold != nil { slots.formUnion(source.slots) }
        led.handingOver = slots
    }

    // MARK: What is served

    private struct ServingInputs: Equatable {
        var mapRevision: UInt64
        var owned: SlotSet
        var change: OwnershipMachine.Change?
        var isFailing: Bool
        var isInformed: Bool
        var handingOver: SlotSet
        var proposed: SlotSet
        var promised: SlotSet?
    }

    /// The new state, if it differs from the last one told.
    private mutating func nextServing(_ now: UInt64) -> SlotServing? {
        var proposed = SlotSet()
        for source in sources where source.isProposed { proposed.formUnion(source.slots) }
        if led.plants(.readsDuringProposal) { proposed = SlotSet() }
        let promise = target.promise.flatMap { now < $0.since + ReshardingLimits.promiseHoldMax ? $0.slots : nil }
        let inputs = ServingInputs(
            mapRevision: led.snapshot.mapRevision,
            owned: led.owned,
            change: led.ownershipChange,
            isFailing: ownership.isFailing,
            isInformed: led.isInformed,
            handingOver: led.handingOver,
            proposed: proposed,
            promised: promise
        )
        guard inputs != servingFrom else { return nil }
        servingFrom = inputs
        let new = serving(inputs)
        settlePauses(new, now)
        guard new != serving else { return nil }
        serving = new
        return new
    }

    private func serving(_ inputs: ServingInputs) -> SlotServing {
        // Before the snapshot is as new as the term, the slots may be another's by now.
        guard inputs.isInformed else { return SlotServing(held: ownership.mine.union(led.owned)) }
        var serving = SlotServing(served: ownership.mine)
        if led.plants(.servesWhenConfirmed), let promised = inputs.promised { serving.served.formUnion(promised) }
        // The log has yet to say that these are here; where it can't, the store says so to every write.
        var sure = inputs.owned
        if let change = inputs.change { sure.subtract(change.disown) }
        serving.writesHeld = inputs.isFailing ? SlotSet() : ownership.mine.subtracting(sure)
        serving.writesHeld.formUnion(inputs.handingOver)
        serving.held = inputs.proposed
        serving.writesHeld.subtract(serving.held)
        serving.served.subtract(serving.writesHeld)
        serving.served.subtract(serving.held)
        if !led.plants(.servesWhenConfirmed), let promised = inputs.promised {
            serving.held.formUnion(promised.subtracting(ownership.mine))
        }
        return serving
    }

    /// A pause ends when nothing of its slots waits any more, whoever has them then.
    private mutating func settlePauses(_ serving: SlotServing, _ now: UInt64) {
        for source in sources {
            guard let hold = source.hold, !pausing.contains(where: { !$0.slots.isDisjoint(with: source.slots) }) else {
                continue
            }
            pausing.append((source.slots, hold.since))
        }
        pausing.removeAll { pause in
            guard pause.slots.isDisjoint(with: serving.held), pause.slots.isDisjoint(with: serving.writesHeld) else {
                return false
            }
            pauses.record(now - min(now, pause.since))
            return true
        }
    }
}
