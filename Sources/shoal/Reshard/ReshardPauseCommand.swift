import ArgumentParser
import Model
import Node
import Operations

struct ReshardPauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stop copying for a while; what is moved stays moved.",
        discussion: """
            Hand-overs that are asked for go through.

            Example: shoal reshard pause
            """
    )

    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print the reshard's status as a JSON document.") var json = false

    func run() async throws {
        try await ReshardChange(config: config, json: json).make("`shoal reshard resume` goes on") {
            job throws(ReshardError) in try job.pausing(reason: "paused by \(ReshardSession.requester)")
        }
    }
}
