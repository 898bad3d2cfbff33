import Terminal

/// What is done to the nodes and shards of the selected or marked rows.
enum NodeCommands {
    static let all: [ConsoleCommand] = [
        ConsoleCommand(
            name: "start",
            argument: .targets,
            keys: [.character("s")],
            handler: .start,
            description: "start the selected node, shard or all",
            isMutating: true,
            hint: .onTable("start"),
            views: ConsoleView.ofRows
        ),
        ConsoleCommand(
            name: "stop",
            argument: .targets,
            keys: [.character("x")],
            handler: .stop,
            description: "stop the selected row; asks first",
            isMutating: true,
            hint: .onTable("stop"),
            views: ConsoleView.ofRows
        ),
        ConsoleCommand(
            name: "restart",
            argument: .targets,
            keys: [.character("r")],
            handler: .restart,
            description: "restart node by node; or cancel it",
            isMutating: true,
            hint: .onTable("restart"),
            views: ConsoleView.ofRows
        ),
        ConsoleCommand(
            name: "mark-row",
            keys: [.character(" ")],
            handler: .markRow,
            description: "mark rows that keys then act on",
            isMutating: true,
            hint: .onTable("mark"),
            views: [.dashboard, .shard]
        ),
        ConsoleCommand(
            name: "switchover",
            argument: .target,
            keys: [.character("o")],
            handler: .switchover,
            description: "change the shard's leader; asks first",
            isMutating: true,
            hint: .onShard("switchover"),
            views: ConsoleView.ofRows
        ),
    ]
}
