import Server
import Terminal

/// What the screen can show of what is drawn.
package struct ConsoleDisplay: Hashable, Sendable {
    package var hasColors: Bool
    package var isUnicode: Bool
    /// tmux stands between this and the terminal, and decides what becomes of text for the clipboard.
    package var isInTmux: Bool

    package init(hasColors: Bool = true, isUnicode: Bool = true, isInTmux: Bool = false) {
        self.hasColors = hasColors
        self.isUnicode = isUnicode
        self.isInTmux = isInTmux
    }
}

/// What happens to the console. Time is an event too: a `tick` comes before whatever depends on it.
package enum ConsoleEvent: Sendable {
    case tick(ConsoleClock)
    case key(Key)
    /// Text pasted by the terminal: typed into an input line, never taken for keys.
    case paste(String)
    case mouse(MouseEvent)
    /// What the mouse does from now on, by the terminal.
    case mouseMode(MouseMode)
    /// What was remembered from the last time; before anything else but a tick.
    case settings(ConsoleSettings, notice: String?)
    /// Something about the console itself went wrong that the user should know.
    case problem(String)
    /// The terminal's background, as the terminal tells it.
    case background(isLight: Bool)
    case resized(width: Int, height: Int)
    case snapshot(ClusterSnapshot)
    case clusterEvents([ClusterEvent])
    case theme(ThemeNews)
    case slots(ClusterSlots)
    /// What a node told, or why it did not.
    case details(NodeDetails)
    case reshard(ReshardEvent)
    case keys(KeysEvent)
    /// What nodes in this process logged.
    case logs([LogLine])
    /// What the screen can show, now or from now on.
    case display(ConsoleDisplay)
}
