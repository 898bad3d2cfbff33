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
}
