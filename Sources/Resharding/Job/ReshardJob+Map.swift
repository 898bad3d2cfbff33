import Model
import Routing

extension ReshardJob {
    /// What the creation of a job and its end write in one transaction: the document and the slot map.
    package struct Step: Hashable, Sendable {
        package var job: ReshardJob
        package var map: SlotMap
    }

    /// The map that the job begins with: new shards are in it and own nothing. It has the next version also when there
    /// are none, so that no change of an earlier job, still under way, can be written after it.
    ///
    /// Write it together with the document, comparing the map's revision and that of the former job's document, which
    /// must have ended.
    /// - Parameter former: the job whose document it replaces; nil if there is none.
    /// - Throws: `.stalePlan` when `map` is not the one it was planned on.
    package func beginning(on map: SlotMap, after former: ReshardJob? = nil) throws(ReshardError) -> Step {
        guard map.version == mapVersion else {
            let advice = "look at a new plan and start again"
            throw ReshardError(
                .stalePlan,
                "the slot map is version \(map.version), the plan's \(mapVersion); \(advice)"
            )
        }
        for move in moves where move.stage(on: map) != .due {
            throw ReshardError(.stalePlan, "\(move.source) does not own slots \(move.slots.short); plan anew")
        }
        do throws(RoutingError) {
            let job = following(former?.touched ?? [:])
            return Step(job: job, map: try map.adding(shards: request.add.map(\.name)))
        } catch {
            throw ReshardError(.stalePlan, "\(error.message); plan anew")
        }
    }

    /// How the job ends on this map, if it is to end: all moves done, cancelled, or impossible. Write both with one
    /// transaction that compares both.
    ///
    /// Shards that own nothing leave the map: the removed ones of a job that is done, the added ones of one that isn't.
    package func ending(on map: SlotMap) -> Step? {
        guard !state.isEnded else { return nil }
        let job: ReshardJob
        if state == .cancelling {
            job = ended(.cancelled, reason: reason)
        } else {
            var isDone = true
            for move in moves {
                switch move.stage(on: map) {
                case .done: break
                case .due: isDone = false
                case .stale(let slot, let owner):
                    let reason =
                        "slot \(slot) belongs to \(owner), neither to \(move.source) nor \(move.target): the slot map was "
                        + "changed by something else; look at a new plan"
                    let job = ended(.failed, reason: reason)
                    return Step(job: job, map: map.dropping(shards: addedNames, placement: map.placement))
                }
            }
            guard isDone else { return nil }
            job = ended(.done, reason: nil)
        }
        let isDone = job.state == .done
        let leaving = isDone ? Set(request.remove) : addedNames
        return Step(job: job, map: map.dropping(shards: leaving, placement: isDone ? policyAfter : map.placement))
    }

    /// By shard, the slots that this job and those before it moved to or from it. Of jobs long gone nothing is told once it
    /// would be too long for a document: what they left, if anything, is left to `/clean`.
    var touched: [String: SlotList] {
        var own: [String: SlotSet] = [:]
        for move in moves {
            own[move.source, default: SlotSet()].formUnion(move.slots.set)
            own[move.target, default: SlotSet()].formUnion(move.slots.set)
        }
        var all = own
        for (shard, slots) in earlier { all[shard, default: SlotSet()].formUnion(slots.set) }
        let ranges = all.values.reduce(0) { $0 + $1.ranges.count }
        return (ranges <= ReshardingLimits.earlierRangesMax ? all : own).mapValues { SlotList($0) }
    }

    private var addedNames: Set<String> { Set(request.add.map(\.name)) }

    /// The moves that this shard takes and that are not done, in order.
    package func due(to target: String, on map: SlotMap) -> [ReshardMove] {
        moves.filter { $0.target == target && $0.stage(on: map) == .due }
    }

    /// How many shards still have moves to take: the rate is divided among them.
    package func busyTargets(on map: SlotMap) -> Int {
        var targets: Set<String> = []
        for move in moves where !targets.contains(move.target) && move.stage(on: map) == .due {
            targets.insert(move.target)
        }
        return targets.count
    }
}
