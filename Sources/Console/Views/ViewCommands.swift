import Terminal

/// The views, but those whose commands stand beside their own.
enum ViewCommands {
    static let all: [ConsoleCommand] = [
        ConsoleCommand(
            name: "dashboard",
            keys: [.character("1")],
            handler: .view(.dashboard),
            description: "the cluster: nodes, graphs, events",
            hint: .otherView("dashboard")
        ),
        ConsoleCommand(
            name: "shard",
            argument: .target,
            keys: [.character("2")],
            handler: .view(.shard),
            description: "a shard: its nodes, metrics and graphs",
            hint: .otherView("shard")
        ),
        ConsoleCommand(
            name: "node",
            argument: .target,
            keys: [.character("3")],
            handler: .view(.node),
            description: "a node: everything it tells of itself",
            hint: .otherView("node")
        ),
        ConsoleCommand(
            name: "slots",
            argument: .slot,
            keys: [.character("4")],
            handler: .view(.slots),
            description: "who owns which slots; their heat",
            hint: .otherView("slots")
        ),
        ConsoleCommand(
            name: "jobs",
            keys: [.character("6")],
            handler: .view(.reshard),
            description: "the reshard that runs, or the last one",
            needsReshard: true
        ),
    ]
}
