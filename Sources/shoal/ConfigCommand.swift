import ArgumentParser

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Look at the configuration.",
        discussion: "Example: shoal config check config.yaml",
        subcommands: [ConfigCheckCommand.self]
    )
}
