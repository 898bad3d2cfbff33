import Terminal

/// The slot map.
enum SlotCommands {
    static let all: [ConsoleCommand] = [
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
            description: "slots by the next metric",
            hint: .always("shade"),
            views: [.slots]
        ),
        ConsoleCommand(
            name: "previous-shade",
            keys: [.character("[")],
            handler: .shade(-1),
            description: "slots by the previous metric",
            views: [.slots]
        ),
    ]
}
