import Server
import Terminal

/// What the screen can show of what is drawn.
package struct ConsoleDisplay: Hashable, Sendable {
    package var hasColors: Bool
    package var isUnicode: Bool

    package init(hasColors: Bool = true, isUnicode: Bool = true) {
        self.hasColors = hasColors
        self.isUnicode = isUnicode
    }
}

/// What happens to the console. Time is an event too: a `tick` comes before whatever depends on it.
package enum ConsoleEvent: Sendable {
    case tick(ConsoleClock)
    case key(Key)
    /// Text pasted by the terminal: typed into an input line, never taken for keys.
    case paste(String)
    case resized(width: Int, height: Int)
    case snapshot(ClusterSnapshot)
    case clusterEvents([ClusterEvent])
    case theme(ThemeNews)
    case slots(ClusterSlots)
    /// What a node told, or why it did not.
    case figures(NodeFigures)
    case reshard(ReshardEvent)
    case keys(KeysEvent)
    /// What nodes in this process logged.
    case logs([LogLine])
    /// What the screen can show, now or from now on.
    case display(ConsoleDisplay)
}
