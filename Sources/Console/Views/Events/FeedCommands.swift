import Terminal

/// Events, what was done here, and logs.
enum FeedCommands {
    static let all: [ConsoleCommand] = [
        ConsoleCommand(
            name: "events",
            keys: [.character("7")],
            handler: .view(.events),
            description: "what happened, and who did what",
            hint: .otherView("events")
        ),
        ConsoleCommand(
            name: "logs",
            keys: [.character("8")],
            handler: .view(.logs),
            description: "what the nodes in here log",
            hint: .otherView("logs")
        ),
        ConsoleCommand(
            name: "find",
            argument: .text,
            keys: [.character("/")],
            handler: .find,
            description: "events, logs: only lines with this",
            hint: .inView("find"),
            views: [.events, .logs]
        ),
        ConsoleCommand(
            name: "scope",
            keys: [.character("v")],
            handler: .scope,
            description: "events, what was done here, or both",
            hint: .inView("scope"),
            views: [.events]
        ),
        ConsoleCommand(
            name: "level",
            argument: .level,
            keys: [.character("v")],
            handler: .level,
            description: "logs: the least level shown",
            hint: .inView("level"),
            views: [.logs]
        ),
    ]
}
