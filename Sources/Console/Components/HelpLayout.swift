import Terminal

/// Where the help is on the screen.
struct HelpLayout: Hashable, Sendable {
    let box: Rect
    /// Lines of it that are seen at once.
    let lines: Int
    /// Columns for their text.
    let textWidth: Int
    /// The line below them that says how to close it.
    let foot: Int

    init(width: Int, height: Int) {
        let screen = Rect(width: width, height: height)
        box = screen.inset(horizontal: width >= 60 ? 2 : 0, vertical: height >= 20 ? 1 : 0)
        lines = max(0, box.height - 3)
        textWidth = max(0, box.width - 4)
        foot = box.endY - 2
    }

    /// The first line shown after a key, of so many.
    func moved(_ top: Int, _ movement: ConsoleCommand.Movement, count: Int) -> Int {
        let page = max(1, lines - 1)
        let highest = max(0, count - lines)
        let moved =
            switch movement {
            case .up, .left: top - 1
            case .down, .right: top + 1
            case .pageUp: top - page
            case .pageDown: top + page
            case .top: 0
            case .bottom: highest
            }
        return min(max(0, moved), highest)
    }
}
