import Terminal

extension CommandTable {
    /// How graphs are shown; what they show is chosen by the commands beside the table's.
    static let graphs: [ConsoleCommand] = [
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
