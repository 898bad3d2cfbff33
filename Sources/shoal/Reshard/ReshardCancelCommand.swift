import ArgumentParser
import Model
import Node
import Operations

struct ReshardCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End the reshard; slots that are moved stay where they are.",
        discussion: """
            Waits until a shard's leader has ended it. A new plan can move slots back. Exit code 1 if it was done before it \
            could be cancelled.

            Example: shoal reshard cancel
            """
    )

    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print the reshard's status as a JSON document.") var json = false

    func run() async throws {
        try await ReshardFollow.show { stop in
            try await ReshardSession.run(config) { session in
                let job = try await session.coordinator.change { job throws(ReshardError) in
                    // Again is no mistake.
                    job.state == .cancelling
                        ? job : try job.cancelling(reason: "cancelled by \(ReshardSession.requester)")
                }
                let follow = ReshardFollow(session: session, job: job.id, json: json, wanted: .cancelled, stop: stop)
                return try await follow.untilEnded()
            }
        }
    }
}
