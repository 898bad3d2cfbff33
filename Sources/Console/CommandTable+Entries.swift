import Terminal

extension CommandTable {
    static let all: [ConsoleCommand] =
        cluster + views + keyValues + feeds + looking + slots + reshard + moving + graphs + console

    private static let reshard: [ConsoleCommand] = [
        ConsoleCommand(
            name: "reshard",
            argument: .reshard,
            keys: [.character("R")],
            handler: .reshard,
            description: "the wizard: add, remove, move; or the job",
            isMutating: true,
            needsReshard: true,
            hint: .always("reshard")
        ),
        ConsoleCommand(
            name: "reshard-pause",
            keys: [.character("p")],
            handler: .reshardPause,
            description: "pause the job, or let it go on",
            isMutating: true,
            needsReshard: true,
            hint: .inReshard,
            views: [.reshard]
        ),
        ConsoleCommand(
            name: "reshard-abort",
            keys: [.character("a")],
            handler: .reshardCancel,
            description: "end the job where it is; asks first",
            isMutating: true,
            needsReshard: true,
            hint: .inReshard,
            views: [.reshard]
        ),
        ConsoleCommand(
            name: "reshard-rate",
            keys: [.character("r")],
            handler: .reshardRate,
            description: "the next limit of bytes per second",
            isMutating: true,
            needsReshard: true,
            hint: .inReshard,
            views: [.reshard]
        ),
        ConsoleCommand(
            name: "mark",
            keys: [.character(" ")],
            handler: .mark,
            description: "mark the line of a list",
            isMutating: true,
            needsReshard: true,
            hint: .inReshard,
            views: [.reshard]
        ),
    ]

    private static let views: [ConsoleCommand] = [
        ConsoleCommand(
            name: "dashboard",
            keys: [.character("1")],
            handler: .view(.dashboard),
            description: "the cluster: nodes, graphs, events",
            hint: .elsewhere("dashboard")
        ),
        ConsoleCommand(
            name: "shard",
            argument: .target,
            keys: [.character("2")],
            handler: .view(.shard),
            description: "a shard: its nodes, figures and graphs",
            hint: .elsewhere("shard")
        ),
        ConsoleCommand(
            name: "node",
            argument: .target,
            keys: [.character("3")],
            handler: .view(.node),
            description: "a node: everything it tells of itself",
            hint: .elsewhere("node")
        ),
        ConsoleCommand(
            name: "slots",
            argument: .slot,
            keys: [.character("4")],
            handler: .view(.slots),
            description: "who owns which slots; their heat",
            hint: .elsewhere("slots")
        ),
        ConsoleCommand(
            name: "jobs",
            keys: [.character("6")],
            handler: .view(.reshard),
            description: "the reshard that runs, or the last one",
            needsReshard: true
        ),
    ]

    private static let slots: [ConsoleCommand] = [
        ConsoleCommand(
            name: "shade",
            argument: .shade,
            handler: .shadeBy,
            description: "slots by owner, keys, bytes or ops"
        ),
        ConsoleCommand(
            name: "next-shade",
            keys: [.character("]")],
            handler: .shade(1),
            description: "slots by the next figure",
            hint: .always("shade"),
            views: [.slots]
        ),
        ConsoleCommand(
            name: "previous-shade",
            keys: [.character("[")],
            handler: .shade(-1),
            description: "slots by the previous figure",
            views: [.slots]
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

    private static let looking: [ConsoleCommand] = [
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

    private static let moving: [ConsoleCommand] = [
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
            description: "refresh the figures more often"
        ),
        ConsoleCommand(
            name: "slower",
            keys: [.character("-")],
            handler: .slower,
            description: "refresh the figures less often"
        ),
        ConsoleCommand(
            name: "refresh",
            argument: .seconds,
            handler: .refresh,
            description: "newest figures now, or every so often"
        ),
        ConsoleCommand(
            name: "pause",
            keys: [.character("p")],
            handler: .pause,
            description: "hold the figures still, and go on",
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
