import Terminal

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
}
