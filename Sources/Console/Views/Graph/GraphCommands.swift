import Terminal

/// What graphs show, and how.
enum GraphCommands {
    /// What they are of.
    static let kinds: [ConsoleCommand] = [
        ConsoleCommand(
            name: "graph",
            argument: .graph,
            handler: .graph,
            description: "requests, lag or latency over time"
        ),
        ConsoleCommand(
            name: "next-graph",
            keys: [.character("]")],
            handler: .nextGraph,
            description: "the next kind of graph",
            hint: .onGraph("graph"),
            views: ConsoleView.ofRows
        ),
        ConsoleCommand(
            name: "previous-graph",
            keys: [.character("[")],
            handler: .previousGraph,
            description: "the previous kind of graph",
            views: ConsoleView.ofRows
        ),
    ]

    /// How much time they show, and of what they are made.
    static let look: [ConsoleCommand] = [
        ConsoleCommand(
            name: "zoom-out",
            keys: [.character("z")],
            handler: .zoom(1),
            description: "graph: more time, up to 15 minutes",
            hint: .inGraph("zoom out"),
            views: ConsoleView.ofRows
        ),
        ConsoleCommand(
            name: "zoom-in",
            keys: [.character("Z")],
            handler: .zoom(-1),
            description: "graph: less time in more detail",
            hint: .inGraph("zoom in"),
            views: ConsoleView.ofRows
        ),
        ConsoleCommand(
            name: "graph-set",
            argument: .graphSet,
            handler: .graphSet,
            description: "graphs of braille, block or ascii"
        ),
    ]
}
