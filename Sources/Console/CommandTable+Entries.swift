import Terminal

extension CommandTable {
    static let all: [ConsoleCommand] =
        cluster + views + keyValues + feeds + looking + slots + reshard + moving + graphs + console

    private static let views: [ConsoleCommand] = [
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

    private static let cluster: [ConsoleCommand] = [
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

    private static let console: [ConsoleCommand] = [
        ConsoleCommand(
            name: "theme",
            argument: .theme,
            keys: [.character("t")],
            handler: .theme,
            description: "use the next theme, or the one named",
            hint: .always("theme")
        ),
        ConsoleCommand(
            name: "faster",
            keys: [.character("+")],
            handler: .faster,
            description: "refresh more often"
        ),
        ConsoleCommand(
            name: "slower",
            keys: [.character("-")],
            handler: .slower,
            description: "refresh less often"
        ),
        ConsoleCommand(
            name: "refresh",
            argument: .seconds,
            handler: .refresh,
            description: "refresh now, or every so many seconds"
        ),
        ConsoleCommand(
            name: "pause",
            keys: [.character("p")],
            handler: .pause,
            description: "stop refreshing, and go on",
            hint: .always("pause"),
            views: [.dashboard, .shard, .node, .slots]
        ),
        ConsoleCommand(
            name: "copy",
            keys: [.character("y")],
            handler: .copy,
            description: "copy the row's name, key, value or slots",
            hint: .onSelection("copy")
        ),
        ConsoleCommand(
            name: "mouse",
            argument: .onOff,
            handler: .mouse,
            description: "wheel and clicks; it is remembered"
        ),
        ConsoleCommand(
            name: "redraw",
            keys: [.ctrl("l")],
            handler: .redraw,
            description: "paint the screen anew"
        ),
        ConsoleCommand(
            name: "command",
            keys: [.character(":")],
            handler: .palette,
            description: "type a command; Tab completes, Up recalls",
            hint: .always("command")
        ),
        ConsoleCommand(
            name: "help",
            keys: [.character("?"), .function(1), .character("9")],
            handler: .help,
            description: "this help",
            hint: .always("help")
        ),
        ConsoleCommand(
            name: "quit",
            keys: [.character("q"), .ctrl("c")],
            handler: .quit,
            description: "leave; asks when nodes run inside",
            hint: .always("quit")
        ),
    ]
}
