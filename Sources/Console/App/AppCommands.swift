import Terminal

/// The console itself: how it looks, what it shows beside views, how it is left.
enum AppCommands {
    static let all: [ConsoleCommand] = [
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
