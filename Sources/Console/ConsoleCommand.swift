import Terminal

/// One thing the console can do: its name for `:`, its keys, its line of help and its place in the hints.
/// Keys, hints, help and completion all come from these entries; what has no entry does not exist.
package struct ConsoleCommand: Hashable, Sendable {
    /// What the update runs for it.
    package enum Handler: Hashable, Sendable {
        case quit, help, palette, filter, start, stop, switchover, open, back, move(Movement), nextPanel, previousPanel
        case nextColumn, previousColumn, sort, invert, graph, nextGraph, previousGraph, zoom(Int), graphSet, theme,
            faster, slower, refresh,
            pause, copy, redraw
    }

    package enum Movement: Hashable, Sendable { case up, down, left, right, pageUp, pageDown, top, bottom }

    /// What may follow the name after `:`, for completion and for the help.
    package enum Argument: Hashable, Sendable {
        case none, target, targets, theme, column, graph, graphSet, seconds, text

        package var placeholder: String {
            switch self {
            case .none: ""
            case .target: "[NAME]"
            case .targets: "[NAME ...]"
            case .theme: "[NAME]"
            case .column: "[COLUMN]"
            case .graph: "[KIND]"
            case .graphSet: "[SET]"
            case .seconds: "[SECONDS]"
            case .text: "[TEXT]"
            }
        }
    }

    /// When a hint for it is of use.
    package enum Hint: Hashable, Sendable {
        case never
        case always(String)
        case onTable(String)
        /// On the row of a shard, or of a node of one.
        case onShard(String)
        /// Where a graph is seen.
        case onGraph(String)
        /// Where the graph has the keyboard.
        case inGraph(String)
        case whenBackLeads(String)
    }

    package var name: String
    package var argument = Argument.none
    package var keys: [Key] = []
    package var handler: Handler
    package var description: String
    /// Changes the cluster: absent with `--read-only`.
    package var isMutating = false
    package var hint = Hint.never
}

/// Every command there is, in the order of the help.
package struct CommandTable: Sendable {
    package let commands: [ConsoleCommand]
    private let byKey: [Key: ConsoleCommand]

    /// `canCopy`: whether the terminal takes text for the clipboard; without it there is no such command.
    package init(isReadOnly: Bool, canCopy: Bool) {
        let commands = Self.all.filter { !(isReadOnly && $0.isMutating) && (canCopy || $0.handler != .copy) }
        self.commands = commands
        var byKey: [Key: ConsoleCommand] = [:]
        for command in commands {
            for key in command.keys { byKey[key] = command }
        }
        self.byKey = byKey
    }

    package func command(for key: Key) -> ConsoleCommand? { byKey[key] }

    /// What a name typed after `:` may mean: the command itself, or those that begin with it.
    package func commands(named name: String) -> [ConsoleCommand] {
        if let exact = commands.first(where: { $0.name == name }) { return [exact] }
        return commands.filter { $0.name.hasPrefix(name) }
    }

    private static let all: [ConsoleCommand] = cluster + looking + moving + graphs + console

    private static let cluster: [ConsoleCommand] = [
        ConsoleCommand(
            name: "start",
            argument: .targets,
            keys: [.character("s")],
            handler: .start,
            description: "start the selected node, shard or all",
            isMutating: true,
            hint: .onTable("start")
        ),
        ConsoleCommand(
            name: "stop",
            argument: .targets,
            keys: [.character("x")],
            handler: .stop,
            description: "stop the selected row; asks first",
            isMutating: true,
            hint: .onTable("stop")
        ),
        ConsoleCommand(
            name: "switchover",
            argument: .target,
            keys: [.character("o")],
            handler: .switchover,
            description: "change the shard's leader; asks first",
            isMutating: true,
            hint: .onShard("switchover")
        ),
    ]

    private static let looking: [ConsoleCommand] = [
        ConsoleCommand(
            name: "open",
            argument: .targets,
            keys: [.enter],
            handler: .open,
            description: "show everything about the selected row",
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
            hint: .onTable("filter")
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
            hint: .onTable("sort")
        ),
        ConsoleCommand(
            name: "previous-column",
            keys: [.character("<")],
            handler: .previousColumn,
            description: "sort by the previous column"
        ),
        ConsoleCommand(name: "invert", keys: [.character("I")], handler: .invert, description: "turn the order around"),
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
            hint: .onGraph("graph")
        ),
        ConsoleCommand(
            name: "previous-graph",
            keys: [.character("[")],
            handler: .previousGraph,
            description: "the previous kind of graph"
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
            hint: .always("pause")
        ),
        ConsoleCommand(
            name: "copy",
            keys: [.character("y")],
            handler: .copy,
            description: "copy the selected address or name",
            hint: .onTable("copy")
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
            keys: [.character("?"), .function(1)],
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
