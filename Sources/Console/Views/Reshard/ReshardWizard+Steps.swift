import Model
import Resharding
import Routing

extension ReshardWizard {
    /// Begins anew, or at the job that runs.
    mutating func begin() {
        let (job, endedAt, problem) = (job, endedAt, problem)
        self = ReshardWizard()
        self.job = job
        self.problem = problem
        self.endedAt = endedAt
        if job?.job.state.isEnded == false { step = .progress }
    }

    /// One step on, if this one is done. Says why not.
    mutating func advance() -> [ReshardCommand] {
        message = nil
        guard let ground else {
            message = "the cluster's slot map is not known yet"
            return []
        }
        if let problem = blocker(ground) {
            message = problem
            return []
        }
        if step == .confirm { return start(ground) }
        if step == .goal { policy = firstPolicy(ground) }
        guard let at = trail.firstIndex(of: step), at + 1 < trail.count else { return [] }
        return enter(trail[at + 1], ground)
    }

    /// One step back; nothing is changed by it. False at the first step, and where the job is on its own way.
    mutating func retreat() -> Bool {
        guard !isStarting else {
            // What was agreed to is under way, and there is no half of it to come back from.
            message = "the job is beginning: once it has, it can be aborted"
            return true
        }
        message = nil
        guard step != .progress, step != .summary, let at = trail.firstIndex(of: step), at > 0 else { return false }
        step = trail[at - 1]
        top = 0
        confirmation = LineEditor()
        return true
    }

    private mutating func enter(_ next: Step, _ ground: ReshardGround) -> [ReshardCommand] {
        step = next
        top = 0
        switch next {
        case .details: return beginDetails(ground)
        case .policies:
            planAll(ground)
            return []
        case .plan:
            planOne(ground)
            return []
        case .rehearsal: return rehearse()
        case .goal, .confirm, .progress, .summary: return []
        }
    }

    /// The policy in force, or another one where that is the request.
    private func firstPolicy(_ ground: ReshardGround) -> PlacementPolicy {
        let present = ground.policyInForce
        return goal == .policy ? PlacementPolicy.allCases.first { $0 != present } ?? present : present
    }

    private mutating func beginDetails(_ ground: ReshardGround) -> [ReshardCommand] {
        line = 0
        switch goal {
        case .add:
            if form == NewShardForm() { form = NewShardForm(rows: [suggestion(ground)]) }
            return check()
        case .move:
            isOnTarget = false
            targetIndex = min(targetIndex, max(0, ground.map.shardNames.count - 1))
        case .remove, .rebalance, .policy: break
        }
        return []
    }

    /// The next free name and, on one machine, address: what most people want.
    func suggestion(_ ground: ReshardGround) -> NewShardForm.Row {
        var nodes = ground.nodes
        var names = ground.map.shardNames
        for row in form.rows where form != NewShardForm() {
            names.append(row.name.text.trimmed)
            for address in row.addresses.compactMap({ try? NodeAddress($0) }) { nodes[address] = "" }
        }
        let owners = ground.map.owners
        guard let map = try? SlotMap(version: ground.map.version, shardNames: names, owners: owners),
            let request = try? ReshardRequest.resizing(
                to: names.count + 1,
                map: map,
                nodes: nodes,
                waiting: ground.waiting.filter { !names.contains($0.name) },
                replicas: ground.replicas
            ),
            let shard = request.add.first
        else { return NewShardForm.Row() }
        return NewShardForm.Row(
            name: shard.name,
            address: shard.address.description,
            replicas: shard.replicas.map(\.description).joined(separator: ",")
        )
    }

    /// Asks about every address that has not been asked about.
    mutating func check() -> [ReshardCommand] {
        checkDueAt = nil
        let wanted = form.rows.indices.flatMap(form.checks(ofRow:)).filter { findings[$0] == nil && !$0.shard.isEmpty }
        for check in wanted { findings[check] = .pending }
        return wanted.map(ReshardCommand.check)
    }

    /// Why this step is not done, in words.
    func blocker(_ ground: ReshardGround) -> String? {
        switch step {
        case .goal: return goal == .remove && ground.map.shardNames.count < 2 ? "there is one shard: it must stay" : nil
        case .details: return detailsProblem(ground)
        case .policies:
            guard let choice = choices.first(where: { $0.policy == policy }) else { return "no plan yet" }
            if let problem = choice.problem { return problem }
            return choice.plan?.isEmpty == true ? "\(policy.rawValue) would change nothing" : nil
        case .plan: return plan?.isEmpty == false ? nil : "there is nothing to do: the slot map is as asked"
        case .rehearsal:
            guard let rehearsal else { return "the rehearsal has not ended yet" }
            return rehearsal.isGood ? nil : "something stands in the way: see the lines marked with x"
        case .confirm:
            return confirmation.text == ground.cluster ? nil : "type \(ground.cluster), the cluster's name, to begin"
        case .progress, .summary: return nil
        }
    }

    private func detailsProblem(_ ground: ReshardGround) -> String? {
        switch goal {
        case .add: return formProblem(ground)
        case .remove:
            if leaving.isEmpty { return "mark the shards to remove with Space" }
            return request?.problems(map: ground.map, nodes: ground.nodes).first?.message
        case .move:
            do throws(ReshardError) { _ = try SlotList(slots.text.trimmed) } catch {
                return slots.text.trimmed.isEmpty ? "write the slots to move, such as 0-99,200" : error.message
            }
            return request?.problems(map: ground.map, nodes: ground.nodes).first?.message
        case .rebalance, .policy: return nil
        }
    }

    private func formProblem(_ ground: ReshardGround) -> String? {
        for index in form.rows.indices {
            if let problem = form.problem(ofRow: index, ground: ground) { return problem }
            for check in form.checks(ofRow: index) {
                switch findings[check] {
                case .known(let finding) where !finding.isGood: return finding.text
                case .known: break
                case .pending, nil: return "\(check.address) is being looked at"
                }
            }
        }
        return nil
    }

    /// The same request under every policy.
    mutating func planAll(_ ground: ReshardGround) {
        guard var request else { return choices = [] }
        choices = PlacementPolicy.allCases.map { policy in
            request.policy = policy
            do throws(ReshardError) {
                let plan = try ReshardPlan(
                    request,
                    current: ground.map,
                    policy: ground.policy,
                    counts: ground.counts
                )
                return Choice(policy: policy, plan: plan)
            } catch {
                return Choice(policy: policy, problem: error.message)
            }
        }
    }

    mutating func planOne(_ ground: ReshardGround) {
        plan = nil
        guard let request else { return }
        do throws(ReshardError) {
            plan = try ReshardPlan(request, current: ground.map, policy: ground.policy, counts: ground.counts)
        } catch {
            message = error.message
        }
    }

    private mutating func rehearse() -> [ReshardCommand] {
        rehearsal = nil
        guard let plan else { return [] }
        return [.rehearse(plan.request, mapVersion: plan.current.version)]
    }

    private mutating func start(_ ground: ReshardGround) -> [ReshardCommand] {
        guard let plan, !isStarting else { return [] }
        isStarting = true
        startingText = "beginning"
        return [.start(plan.request, mapVersion: plan.current.version, rate: rate)]
    }
}
