import Model
import Resharding
import Routing

extension ReshardWizard {
    /// Takes an event of the port.
    mutating func take(_ event: ReshardEvent, unixSeconds: Int) -> [ReshardCommand] {
        switch event {
        case .ground(let new): return take(new)
        case .checked(let check, let finding):
            // What was typed over meanwhile is of no interest any more.
            if findings[check] != nil { findings[check] = .known(finding) }
            asked.remove(check)
        case .rehearsed(let new):
            if let plan, new.request == plan.request, new.mapVersion == plan.current.version { rehearsal = new }
        case .starting(let text): if isStarting { startingText = text }
        case .unavailable(let text): problem = text
        case .started(let job):
            isStarting = false
            expectedJob = job
            step = .progress
            top = 0
            confirmation = LineEditor()
        case .refused(let reason):
            message = reason
            askedRate = nil
            if isStarting {
                isStarting = false
                step = .plan
                confirmation = LineEditor()
            }
        case .job(let view): take(view, unixSeconds)
        }
        return []
    }

    private mutating func take(_ new: ReshardGround) -> [ReshardCommand] {
        let old = ground
        ground = new
        guard let old, old != new else { return [] }
        line = min(line, max(0, new.map.shardNames.count - 1))
        targetIndex = min(targetIndex, max(0, new.map.shardNames.count - 1))
        leaving.formIntersection(new.map.shardNames)
        let hasPlan = step == .plan || step == .rehearsal || step == .confirm
        if step == .policies { planAll(new) }
        guard hasPlan else { return [] }
        if old.map.version == new.map.version {
            // Counts alone: what was agreed to stays, with newer numbers while it is looked at.
            if step == .plan { planOne(new) }
            return []
        }
        step = .plan
        isStarting = false
        confirmation = LineEditor()
        planOne(new)
        message = "the slot map has changed: this is the plan for version \(new.map.version)"
        return []
    }

    private mutating func take(_ view: ReshardJobView, _ unixSeconds: Int) {
        let hadEnded = job.map { $0.job.id == view.job.id ? $0.job.state.isEnded : true } ?? true
        let isNew = job?.job.id != view.job.id
        job = view
        if let asked = askedRate, asked.job != view.job.id || asked.rate == view.job.rate { askedRate = nil }
        if isNew { endedAt = nil }
        if view.job.state.isEnded, !isNew, !hadEnded { endedAt = unixSeconds }
        let isExpected = expectedJob.map { $0 == view.job.id } ?? true
        if step == .progress || step == .summary {
            if isExpected { step = view.job.state.isEnded ? .summary : .progress }
        } else if isNew, !view.job.state.isEnded, !isStarting {
            message = "\(view.job.requester) has begun a reshard: until it has ended, no other can begin"
        }
    }

    /// Time passes: what was typed a moment ago is checked.
    mutating func tick(now: Int) -> [ReshardCommand] {
        if let due = checkDueAt, now >= due { return check() }
        return checkAgain(now: now)
    }

    /// Nodes that are not as they should be, every now and then: somebody may be at it.
    private mutating func checkAgain(now: Int) -> [ReshardCommand] {
        guard step == .details, goal == .add, now >= askAgainAt else { return [] }
        askAgainAt = now + Self.askAgainMilliseconds
        let wanted = form.rows.indices.flatMap(form.checks(ofRow:)).filter { check in
            guard case .known(let finding)? = findings[check] else { return false }
            return !finding.isGood && !asked.contains(check)
        }
        asked.formUnion(wanted)
        return wanted.map(ReshardCommand.check)
    }
}
