import Resharding
import Terminal

extension ConsoleState {
    /// In the wizard's fields letters are text: only these keys do something else.
    var typingHints: [(key: String, label: String)] {
        func key(_ handler: ConsoleCommand.Handler) -> String {
            table.commands.first { $0.handler == handler }?.keys.first?.name ?? ""
        }
        var hints = [(key: key(.back), label: "back"), (key: key(.open), label: "next")]
        if reshard.wizard.step == .details { hints.append((key: key(.nextPanel), label: "next field")) }
        if reshard.wizard.step == .details, reshard.wizard.goal == .add, reshard.wizard.form.rows.count > 1 {
            hints.append((key: Key.ctrl("x").name, label: "drop this shard"))
        }
        return hints
    }

    /// What a key of the reshard view does at this step; nil for nothing.
    func reshardHint(_ handler: ConsoleCommand.Handler) -> String? {
        let job = reshard.wizard.job?.job
        let isBeforeJob = reshard.isOpen && reshard.wizard.step.rawValue < ReshardWizard.Step.progress.rawValue
        switch handler {
        case .open: return isBeforeJob ? "next" : reshard.shownStep == .summary && reshard.isOpen ? "close" : nil
        case .reshardPause where !isBeforeJob && job?.state.mayMove == true:
            return job?.state == .paused ? "go on" : "pause"
        case .reshardCancel: return !isBeforeJob && job?.state.mayMove == true ? "abort" : nil
        case .reshardRate:
            return reshard.wizard.step == .plan || (!isBeforeJob && job?.state.mayMove == true) ? "rate" : nil
        case .mark:
            return isBeforeJob && reshard.wizard.step == .details && reshard.wizard.goal == .remove ? "mark" : nil
        default: return nil
        }
    }
}
