import Terminal

extension CommandTable {
    /// What is shown, in which order, and how it looks.
    static let looking: [ConsoleCommand] = [
        ConsoleCommand(
            name: "open",
            argument: .targets,
            keys: [.enter],
            handler: .open,
            description: "open the selected row: shard, node",
            hint: .onTable("open")
        ),
        ConsoleCommand(
            name: "back",
            keys: [.escape],
            handler: .back,
            description: "close, clear the filter; never quits",
            hint: .whenBackLeads("back")
        ),
        ConsoleCommand(
            name: "filter",
            argument: .text,
            keys: [.character("/")],
            handler: .filter,
            description: "show only rows with this text",
            hint: .onTable("filter"),
            views: [.dashboard]
        ),
        ConsoleCommand(
            name: "sort",
            argument: .column,
            handler: .sort,
            description: "sort by a column, or as in the config"
        ),
        ConsoleCommand(
            name: "next-column",
            keys: [.character(">")],
            handler: .nextColumn,
            description: "sort by the next column",
            hint: .onTable("sort"),
            views: [.dashboard]
        ),
        ConsoleCommand(
            name: "previous-column",
            keys: [.character("<")],
            handler: .previousColumn,
            description: "sort by the previous column",
            views: [.dashboard]
        ),
        ConsoleCommand(
            name: "invert",
            keys: [.character("I")],
            handler: .invert,
            description: "turn the order around",
            views: [.dashboard]
        ),
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
        ConsoleCommand(
            name: "panel",
            keys: [.tab],
            handler: .nextPanel,
            description: "next panel: table, graph, events",
            hint: .always("panel")
        ),
        ConsoleCommand(
            name: "previous-panel",
            keys: [.backTab],
            handler: .previousPanel,
            description: "previous panel"
        ),
    ]

    /// Cursor and panels.
    static let moving: [ConsoleCommand] = [
        ConsoleCommand(
            name: "up",
            keys: [.up, .character("k")],
            handler: .move(.up),
            description: "one line up"
        ),
        ConsoleCommand(
            name: "down",
            keys: [.down, .character("j")],
            handler: .move(.down),
            description: "one line down"
        ),
        ConsoleCommand(
            name: "left",
            keys: [.left, .character("h")],
            handler: .move(.left),
            description: "to the shard; in the graph, back in time"
        ),
        ConsoleCommand(
            name: "right",
            keys: [.right, .character("l")],
            handler: .move(.right),
            description: "into the shard; in the graph, forward"
        ),
        ConsoleCommand(name: "page-up", keys: [.pageUp], handler: .move(.pageUp), description: "one page up"),
        ConsoleCommand(name: "page-down", keys: [.pageDown], handler: .move(.pageDown), description: "one page down"),
        ConsoleCommand(
            name: "top",
            keys: [.character("g"), .home],
            handler: .move(.top),
            description: "to the first line"
        ),
        ConsoleCommand(
            name: "bottom",
            keys: [.character("G"), .end],
            handler: .move(.bottom),
            description: "to the last line"
        ),
    ]
}
