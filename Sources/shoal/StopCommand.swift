import ArgumentParser

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop the shard of nodes: close its files, keep answering status.",
        discussion: """
            The process goes on and `shoal start` opens the shard again. Of a whole shard the leader is stopped last.

            Example: shoal stop shard0
            Example: shoal stop 127.0.0.22:8080
            """
    )

    @Argument(help: ArgumentHelp("Nodes or shards of the config.", valueName: "ADDR|SHARD")) var names: [String]
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    func run() async throws {
        try await NodeAction.stop.run(on: names, config: config.load(), json: json)
    }
}
