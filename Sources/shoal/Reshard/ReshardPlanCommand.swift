import ArgumentParser
import Node
import Operations
import Routing

struct ReshardPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a reshard would move, and change nothing.",
        discussion: """
            New nodes need not run. Keys and bytes come from the shards' leaders; one that doesn't answer is named.

            Example: shoal reshard plan --shards 4
            Example: shoal reshard plan --add shard2=127.0.0.4:8080,127.0.0.44:8080 --policy ring
            Example: shoal reshard plan --move 0-99,200=shard1 --json
            """
    )

    @OptionGroup var options: ReshardOptions
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    func run() async throws {
        try await ReshardSession.run(config) { session in
            let draft = try await session.draft(options)
            if json {
                StandardStreams.writeLine(try JSONOutput.text(of: draft.plan))
            } else {
                StandardStreams.writeLine(ReshardPlanText.text(of: draft, cluster: session.config.name))
            }
        }
    }
}
