import Terminal

/// Which rows are shown, in which order, and the way into one and back.
enum RowCommands {
    static let all: [ConsoleCommand] = [
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
            hint: .whenBackWorks("back")
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
    ]
}
