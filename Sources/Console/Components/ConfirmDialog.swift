import Terminal

/// A question that names target and effect; Cancel has the focus until the user moves it.
package struct ConfirmDialog: Hashable, Sendable {
    package var title: String
    package var lines: [String]
    /// The word on the button that does it: `Stop`, `Quit`.
    package var verb: String
    /// What is done when the user agrees.
    package var action: ConsoleAction
    package var isConfirmFocused = false
    /// For what loses data: the name that has to be typed first.
    package var typed: TypedName?

    package init(title: String, lines: [String], verb: String, action: ConsoleAction, typed: TypedName? = nil) {
        self.title = title
        self.lines = lines
        self.verb = verb
        self.action = action
        self.typed = typed
    }

    /// Whether the button that does it can be pressed.
    package var isAllowed: Bool { typed?.isRight ?? true }

    /// What came of a key.
    enum Outcome {
        case open
        case cancelled
        /// Enter, without the name that had to be typed.
        case notTyped(String)
        case agreed
    }

    mutating func press(_ key: Key) -> Outcome {
        if typed != nil, key != .enter, key != .escape {
            type(key)
            return .open
        }
        switch key {
        case .escape: return .cancelled
        case .left, .right, .tab, .backTab, .character("h"), .character("l"): isConfirmFocused.toggle()
        case .enter:
            if isConfirmFocused, isAllowed { return .agreed }
            guard let typed, !typed.editor.isEmpty, !typed.isRight else { return .cancelled }
            return .notTyped(typed.text)
        default: break
        }
        return .open
    }

    /// Letters go into the name; whoever has typed it stands on the button.
    private mutating func type(_ key: Key) {
        switch key {
        case .tab, .backTab: if isAllowed { isConfirmFocused.toggle() }
        default:
            typed?.editor.press(key)
            isConfirmFocused = isAllowed
        }
    }
}
