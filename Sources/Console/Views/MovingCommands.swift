import Terminal

/// Cursor and panels.
enum MovingCommands {
    /// From panel to panel.
    static let panels: [ConsoleCommand] = [
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

    /// Within one.
    static let cursor: [ConsoleCommand] = [
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
