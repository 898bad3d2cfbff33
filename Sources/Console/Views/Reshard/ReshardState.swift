import Model
import Resharding
import Routing
import Terminal

/// The view of resharding: the wizard, and the job that runs or ran.
package struct ReshardState: Hashable, Sendable {
    package internal(set) var wizard = ReshardWizard()
    /// Between `R` and the last Esc. What the user typed stays while another view is shown.
    package internal(set) var isOpen = false

    /// Without the wizard the newest job is shown.
    var shownStep: ReshardWizard.Step {
        if isOpen { return wizard.step }
        return wizard.job?.job.state.isEnded == false ? .progress : .summary
    }

    /// `R`: begins the wizard, or shows where it was left, or the job that runs.
    mutating func open(_ argument: String) -> [ViewEffect] {
        switch argument {
        case "": break
        case "pause", "resume": return pause(wants: argument == "pause")
        case "cancel": return cancel()
        default: return [.say("reshard takes pause, resume or cancel; alone it opens the wizard", .error)]
        }
        guard !isOpen || wizard.step == .summary else { return [.show(.reshard)] }
        isOpen = true
        wizard.begin()
        return [.show(.reshard), .act(.reshard(.enter))]
    }

    /// Esc: one step back; from the first one, and from a job, out of the wizard and then out of the view.
    mutating func back() -> [ViewEffect] {
        guard isOpen else { return [.show(.dashboard)] }
        if wizard.retreat() { return [] }
        isOpen = false
        let leave = ViewEffect.act(.reshard(.leave))
        return wizard.job == nil ? [.show(.dashboard), leave] : [leave]
    }

    /// A key that the wizard takes as text; nil if it is not one.
    mutating func type(_ key: Key, now: Int) -> [ViewEffect]? {
        guard isOpen, wizard.takesText else { return nil }
        let (taken, commands) = wizard.type(key, now: now)
        return taken ? Self.effects(commands) : nil
    }

    /// Enter.
    mutating func enter(isReadOnly: Bool) -> [ViewEffect] {
        guard isOpen else { return isReadOnly ? [] : open("") }
        if wizard.step == .summary { return back() }
        return Self.effects(wizard.open())
    }

    /// `p`: holds the job, or lets it go on.
    func pause(wants: Bool? = nil) -> [ViewEffect] {
        guard let job = wizard.job?.job, !job.state.isEnded else { return [.say("no reshard runs", .warning)] }
        let pauses = wants ?? (job.state == .running)
        guard job.state.mayMove, pauses == (job.state == .running) else {
            return [.say("the reshard is \(job.state.rawValue)", .warning)]
        }
        // The coordinator's word may take a while; that the key was heard does not.
        return [
            .say(pauses ? "pausing the reshard: hand-overs under way go through" : "the reshard goes on"),
            .act(.reshard(pauses ? .pause(job: job.id) : .resume(job: job.id))),
        ]
    }

    /// `r`: another limit, of the job that runs or the one to come.
    mutating func stepRate() -> [ViewEffect] {
        let commands = wizard.stepRate(ofJob: shownStep == .progress)
        var effects: [ViewEffect] = []
        if case .limit(_, let rate)? = commands.first {
            effects.append(.say(rate.map { "at most \(NumberFormat.rate($0)) from now on" } ?? "no limit from now on"))
        }
        return effects + Self.effects(commands)
    }

    /// `a`: asks first.
    func cancel() -> [ViewEffect] {
        guard let view = wizard.job, view.job.state.mayMove else { return [.say("no reshard runs", .warning)] }
        return [.confirm(.cancelReshard(view))]
    }

    mutating func tick(now: Int) -> [ViewEffect] { Self.effects(wizard.tick(now: now)) }

    /// - Parameter isShown: the view is.
    mutating func receive(_ event: ReshardEvent, isShown: Bool, unixSeconds: Int) -> [ViewEffect] {
        var effects: [ViewEffect] = []
        if case .job(let view) = event { effects += news(of: view) }
        if case .refused(let reason) = event, !(isShown && isOpen) { effects.append(.say(reason, .error)) }
        return effects + Self.effects(wizard.take(event, unixSeconds: unixSeconds))
    }

    /// Beginnings and ends of jobs are events like any others.
    private func news(of view: ReshardJobView) -> [ViewEffect] {
        let before = wizard.job
        let isNew = before?.job.id != view.job.id
        guard isNew || before?.job.state != view.job.state else { return [] }
        // One that had ended before anybody looked is no news.
        if isNew, view.job.state.isEnded { return [] }
        let slots =
            "\(NumberFormat.full(Int(clamping: view.status.slotsMoved))) of "
            + "\(NumberFormat.full(Int(clamping: view.status.slotsTotal))) slots moved"
        let reason = view.job.reason.map { ": \($0)" } ?? ""
        let severity: ClusterEvent.Severity =
            switch view.job.state {
            case .running: .info
            case .done: .success
            case .paused, .cancelling, .cancelled: .warning
            case .failed: .error
            }
        return [.tell(severity, "reshard \(view.job.state.rawValue), \(slots)\(reason)")]
    }

    /// Slots that the running job has still to move, for the slot map.
    var moves: [SlotMove] {
        guard let view = wizard.job, !view.job.state.isEnded else { return [] }
        return view.job.moves.filter { $0.stage(on: view.map) == .due }.flatMap { move in
            move.slots.ranges.map { SlotMove(slots: $0, target: move.target) }
        }
    }

    private static func effects(_ commands: [ReshardCommand]) -> [ViewEffect] { commands.map { .act(.reshard($0)) } }
}

extension ConfirmDialog {
    /// The question before a job is cancelled.
    static func cancelReshard(_ view: ReshardJobView) -> ConfirmDialog {
        let moved = NumberFormat.full(Int(clamping: view.status.slotsMoved))
        return ConfirmDialog(
            title: "Abort the reshard",
            lines: [
                "No further slot changes its owner; \(moved) slots that have moved stay where they are.",
                "What was copied of others is deleted again. No keys are lost.",
                "A new plan can move them back.",
            ],
            verb: "Abort",
            action: .reshard(.cancel(job: view.job.id))
        )
    }
}
