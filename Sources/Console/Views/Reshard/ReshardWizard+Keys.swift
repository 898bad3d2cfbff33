import Model
import Routing
import Terminal

extension ReshardWizard {
    /// A key while letters are text; false for what is no text and no move here.
    mutating func type(_ key: Key, now: Int) -> (taken: Bool, commands: [ReshardCommand]) {
        switch (step, goal) {
        case (.details, .add): return typeInForm(key, now: now)
        case (.details, .move):
            switch key {
            case .tab, .down, .up, .backTab: isOnTarget = true
            case .enter: return (true, advance())
            default:
                message = nil
                return (Self.press(key, in: &slots), [])
            }
            return (true, [])
        case (.confirm, _):
            if key == .enter { return (true, advance()) }
            message = nil
            // What was agreed to is not written over.
            if isStarting, case .character = key { return (true, []) }
            return (Self.press(key, in: &confirmation), [])
        default: return (false, [])
        }
    }

    private mutating func typeInForm(_ key: Key, now: Int) -> (taken: Bool, commands: [ReshardCommand]) {
        let before = form
        switch key {
        case .tab: form.step(1)
        case .backTab: form.step(-1)
        case .up: form.stepRow(-1)
        case .down: form.stepRow(1)
        case .enter: form.step(1)
        case .ctrl("x"): form.drop()
        default:
            var isTaken = false
            form.edit { isTaken = Self.press(key, in: &$0) }
            guard isTaken else { return (false, []) }
        }
        message = nil
        if form.rows != before.rows { checkDueAt = now + Self.checkDelayMilliseconds }
        // Whoever leaves a field has written it.
        return (true, form.focus != before.focus && checkDueAt != nil ? check() : [])
    }

    /// Whether the editor knows the key.
    private static func press(_ key: Key, in editor: inout LineEditor) -> Bool {
        switch key {
        case .escape, .ctrl("c"), .ctrl("l"), .function: return false
        default:
            editor.press(key)
            return true
        }
    }

    mutating func paste(_ text: String, now: Int) {
        message = nil
        switch (step, goal) {
        case (.details, .add):
            form.edit { $0.insert(text) }
            checkDueAt = now + Self.checkDelayMilliseconds
        case (.details, .move) where !isOnTarget: slots.insert(text)
        // The name is typed by hand: that is what it is for.
        default: break
        }
    }

    mutating func move(_ movement: ConsoleCommand.Movement) {
        message = nil
        let names = ground?.map.shardNames ?? []
        switch (step, goal) {
        case (.goal, _):
            let all = Goal.allCases
            goal = all[Self.moved(goal.rawValue, movement, count: all.count)]
        case (.details, .add):
            switch movement {
            case .up, .left: form.step(-1)
            default: form.step(1)
            }
        case (.details, .remove): line = Self.moved(line, movement, count: names.count)
        case (.details, .move):
            switch movement {
            case .up: isOnTarget = false
            default: targetIndex = Self.moved(targetIndex, movement, count: names.count)
            }
        case (.policies, _):
            let all = PlacementPolicy.allCases
            let at = all.firstIndex(of: policy) ?? 0
            policy = all[Self.moved(at, movement, count: all.count)]
        case (.plan, _), (.rehearsal, _), (.progress, _), (.summary, _):
            top = Self.moved(top, movement, count: Int.max)
        case (.details, _), (.confirm, _): break
        }
    }

    /// A place in a list after a movement.
    private static func moved(_ place: Int, _ movement: ConsoleCommand.Movement, count: Int) -> Int {
        let wanted =
            switch movement {
            case .up, .left: place - 1
            case .down, .right: place + 1
            case .pageUp: place - 8
            case .pageDown: place.addingReportingOverflow(8).partialValue
            case .top: 0
            case .bottom: count - 1
            }
        return max(0, min(wanted, max(0, count - 1)))
    }

    /// Tab: between the parts of a step.
    mutating func nextPart(_ direction: Int) {
        switch (step, goal) {
        case (.details, .add): form.step(direction)
        case (.details, .move): isOnTarget.toggle()
        default: break
        }
    }

    /// Enter.
    mutating func open() -> [ReshardCommand] {
        guard step == .details, goal == .add, form.focus == .another, let ground else { return advance() }
        form.add(suggestion(ground))
        return check()
    }

    /// Space: marks a shard.
    mutating func mark() {
        guard step == .details, goal == .remove, let names = ground?.map.shardNames, names.indices.contains(line) else {
            return
        }
        message = nil
        if leaving.remove(names[line]) == nil { leaving.insert(names[line]) }
    }

    /// The next of the rates, for the one that runs or the job to come.
    mutating func stepRate(ofJob isJobs: Bool) -> [ReshardCommand] {
        if isJobs {
            guard let job = job?.job, job.state.mayMove else { return [] }
            let next = Self.rate(after: askedRate?.job == job.id ? askedRate?.rate : job.rate)
            askedRate = AskedRate(job: job.id, rate: next)
            return [.limit(job: job.id, rate: next)]
        }
        rate = Self.rate(after: rate)
        return []
    }

    struct AskedRate: Hashable, Sendable {
        var job: String
        var rate: UInt64?
    }

    private static func rate(after rate: UInt64?) -> UInt64? {
        let at = rates.firstIndex(of: rate) ?? 0
        return rates[(at + 1) % rates.count]
    }
}
