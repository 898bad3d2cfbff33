import Resharding
import Routing
import Terminal

/// The wizard as the console has it.
package struct ReshardView: Hashable, Sendable {
    package internal(set) var wizard = ReshardWizard()
    /// Between `R` and the last Esc. What the user typed stays while another view is shown.
    package internal(set) var isOpen = false

    /// Without the wizard the newest job is shown.
    var shownStep: ReshardWizard.Step {
        if isOpen { return wizard.step }
        return wizard.job?.job.state.isEnded == false ? .progress : .summary
    }
}

extension ConsoleState {
    /// Whether keys are the wizard's before they are anybody's.
    var isInWizard: Bool { view == .reshard && reshard.isOpen }

    /// `R`: begins the wizard, or shows where it was left, or the job that runs.
    mutating func openReshard(_ argument: String) -> [ConsoleAction] {
        switch argument {
        case "": break
        case "pause", "resume": return pauseReshard(wants: argument == "pause")
        case "cancel":
            cancelReshard()
            return []
        default:
            say("reshard takes pause, resume or cancel; alone it opens the wizard", .error)
            return []
        }
        view = .reshard
        guard !reshard.isOpen || reshard.wizard.step == .summary else { return [] }
        reshard.isOpen = true
        reshard.wizard.begin()
        return [.reshard(.enter)]
    }

    /// Esc: one step back; from the first one, and from a job, out of the wizard and then out of the view.
    mutating func backFromReshard() -> [ConsoleAction] {
        guard reshard.isOpen else {
            view = .dashboard
            return []
        }
        if reshard.wizard.retreat() { return [] }
        reshard.isOpen = false
        if reshard.wizard.job == nil { view = .dashboard }
        return [.reshard(.leave)]
    }

    /// A key that the wizard takes as text; nil if it is not one.
    mutating func typeInWizard(_ key: Key) -> [ConsoleAction]? {
        guard isInWizard, reshard.wizard.takesText else { return nil }
        let (taken, commands) = reshard.wizard.type(key, now: clock.milliseconds)
        return taken ? commands.map(ConsoleAction.reshard) : nil
    }

    mutating func openInReshard() -> [ConsoleAction] {
        guard reshard.isOpen else { return options.isReadOnly ? [] : openReshard("") }
        if reshard.wizard.step == .summary { return backFromReshard() }
        return reshard.wizard.open().map(ConsoleAction.reshard)
    }

    /// `p`: holds the job, or lets it go on.
    mutating func pauseReshard(wants: Bool? = nil) -> [ConsoleAction] {
        guard let job = reshard.wizard.job?.job, !job.state.isEnded else {
            say("no reshard runs", .warning)
            return []
        }
        let pauses = wants ?? (job.state == .running)
        guard job.state.mayMove, pauses == (job.state == .running) else {
            say("the reshard is \(job.state.rawValue)", .warning)
            return []
        }
        // The coordinator's word may take a while; that the key was heard does not.
        say(pauses ? "pausing the reshard: hand-overs under way go through" : "the reshard goes on")
        return [.reshard(pauses ? .pause(job: job.id) : .resume(job: job.id))]
    }

    /// `r`: another limit, of the job that runs or the one to come.
    mutating func stepReshardRate() -> [ConsoleAction] {
        let commands = reshard.wizard.stepRate(ofJob: reshard.shownStep == .progress)
        if case .limit(_, let rate)? = commands.first {
            say(rate.map { "at most \(NumberFormat.rate($0)) from now on" } ?? "no limit from now on")
        }
        return commands.map(ConsoleAction.reshard)
    }

    /// `a`: asks first.
    mutating func cancelReshard() {
        guard let view = reshard.wizard.job, view.job.state.mayMove else { return say("no reshard runs", .warning) }
        overlay = .confirm(.cancelReshard(view))
    }

    mutating func receive(_ event: ReshardEvent) -> [ConsoleAction] {
        if case .job(let view) = event { note(view) }
        if case .refused(let reason) = event, !isInWizard { say(reason, .error) }
        return reshard.wizard.take(event, unixSeconds: clock.unixSeconds).map(ConsoleAction.reshard)
    }

    /// Beginnings and ends of jobs are events like any others.
    private mutating func note(_ view: ReshardJobView) {
        let before = reshard.wizard.job
        let isNew = before?.job.id != view.job.id
        guard isNew || before?.job.state != view.job.state else { return }
        // One that had ended before anybody looked is no news.
        if isNew, view.job.state.isEnded { return }
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
        let event = ClusterEvent(
            unixSeconds: clock.unixSeconds,
            severity: severity,
            text: "reshard \(view.job.state.rawValue), \(slots)\(reason)"
        )
        _ = update(.clusterEvents([event]))
    }

    /// Slots that the running job has still to move, for the slot map.
    var slotMoves: [SlotMove] {
        guard let view = reshard.wizard.job, !view.job.state.isEnded else { return [] }
        return view.job.moves.filter { $0.stage(on: view.map) == .due }.flatMap { move in
            move.slots.ranges.map { SlotMove(slots: $0, target: move.target) }
        }
    }
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
