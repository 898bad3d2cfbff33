import Model
import Resharding
import Terminal

/// Which keys are of use at a step.
extension ReshardState {
    /// In the wizard's fields letters are text: only these keys do something else.
    /// - Parameter key: the name of a command's key.
    func typingHints(_ key: (ConsoleCommand.Handler) -> String) -> [(key: String, label: String)] {
        var hints = [(key: key(.back), label: "back"), (key: key(.open), label: "next")]
        if wizard.step == .details { hints.append((key: key(.nextPanel), label: "next field")) }
        if wizard.step == .details, wizard.goal == .add, wizard.form.rows.count > 1 {
            hints.append((key: Key.ctrl("x").name, label: "drop this shard"))
        }
        return hints
    }

    /// What a key of the reshard view does at this step; nil for nothing.
    func hint(_ handler: ConsoleCommand.Handler) -> String? {
        let job = wizard.job?.job
        let isBeforeJob = isOpen && wizard.step.rawValue < ReshardWizard.Step.progress.rawValue
        switch handler {
        case .reshard: return isOpen ? nil : "reshard"
        case .nextPanel: return isBeforeJob && wizard.step == .details ? "next field" : nil
        case .open: return isBeforeJob ? "next" : shownStep == .summary && isOpen ? "close" : nil
        case .reshardPause where !isBeforeJob && job?.state.mayMove == true:
            return job?.state == .paused ? "go on" : "pause"
        case .reshardCancel: return !isBeforeJob && job?.state.mayMove == true ? "abort" : nil
        case .reshardRate:
            return wizard.step == .plan || (!isBeforeJob && job?.state.mayMove == true) ? "rate" : nil
        case .mark:
            return isBeforeJob && wizard.step == .details && wizard.goal == .remove ? "mark" : nil
        default: return nil
        }
    }
}
