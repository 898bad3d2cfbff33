import Terminal

/// Resharding: the wizard, and the job that runs.
enum ReshardCommands {
    static let all: [ConsoleCommand] = [
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
}
