import ArgumentParser

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start the shard of nodes that were stopped.",
        discussion: """
            Opens the files of nodes whose process runs but whose shard is stopped; of a whole shard the leader first.

            Example: shoal start shard0
            Example: shoal start 127.0.0.2:8080
            """
    )

    @Argument(help: ArgumentHelp("Nodes or shards of the config.", valueName: "ADDR|SHARD")) var names: [String]
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    func run() async throws {
        try await NodeAction.start.run(on: names, config: config.load(), json: json)
    }
}
