import Terminal

/// Whether the mouse is of use, and whether the user wants it.
package struct MouseState: Hashable, Sendable {
    /// Clicks and the wheel arrive.
    package private(set) var isOn = false
    /// What the user said last about it, also on a terminal that has none; `isAsked` until it is answered.
    var isWanted = false
    private var isAsked = false

    /// `:mouse on`, `:mouse off`, or the other one.
    mutating func use(_ argument: String) -> [ViewEffect] {
        switch argument {
        case "": isWanted = !isOn
        case "on", "off": isWanted = argument == "on"
        default: return [.say("mouse takes on or off", .error)]
        }
        isAsked = true
        return [.act(.useMouse(isWanted))]
    }

    mutating func receive(_ mode: MouseMode, terminal: String) -> [ViewEffect] {
        isOn = mode == .on
        // What is as it was the last time is no news, also where the terminal is another.
        guard isAsked else { return [] }
        isAsked = false
        switch mode {
        case .on: return [.say("the mouse is on; most terminals mark text while Shift is held")]
        case .off: return [.say("the mouse is off")]
        case .missing:
            let name = SafeText.truncated(terminal, to: 32)
            return [.say("this terminal has no mouse" + (name.isEmpty ? "" : " (TERM=\(name))"), .warning)]
        }
    }
}
