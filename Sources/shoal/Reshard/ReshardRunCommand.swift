import ArgumentParser
import Model
import Node
import Operations
import Resharding
import Routing

struct ReshardRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Begin a reshard and show its progress until it has ended.",
        discussion: """
            New shards must run, empty, before it begins. It goes on without this command: Ctrl-C only ends the display. \
            Without anything to do it shows the one that is under way. New shards are written into config.yaml when it \
            begins, and removed ones are taken out when it has ended; comments and everything else stay. Exit code 1 if \
            it failed or was cancelled.

            Example: shoal reshard run --shards 4
            Example: shoal reshard run --remove shard1 --rate 20
            Example: shoal reshard run
            """
    )

    @OptionGroup var options: ReshardOptions
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print nothing but a JSON document at the end.") var json = false

    func validate() throws {
        if options.isEmpty, options.rate != nil {
            throw ValidationError("--rate goes with what is to be done; `shoal reshard resume --rate` changes it later")
        }
    }

    func run() async throws {
        try await ReshardFollow.show { stop in
            try await ReshardSession.run(config) { session in
                guard let job = try await begun(session) else { return .ended }
                return try await ReshardFollow(session: session, job: job, json: json, stop: stop).untilEnded()
            }
        }
    }

    /// The id of the job that is to be followed, after it was begun if need be; nil if there is nothing to do.
    private func begun(_ session: ReshardSession) async throws -> String? {
        if options.isEmpty {
            guard let job = try await session.coordinator.snapshot().job else {
                throw CommandFailure(
                    .usage,
                    "nothing to do, and no reshard is under way: say --shards, --add, --remove, --move or --policy"
                )
            }
            return job.id
        }
        let draft = try await session.draft(options)
        try ReshardCoordinator.requireNone(draft.snapshot)
        if draft.plan.isEmpty {
            if json {
                StandardStreams.writeLine("null")
            } else {
                StandardStreams.writeLine("nothing to do: the slot map is already as asked")
            }
            return nil
        }
        if !json {
            StandardStreams.writeLine(ReshardPlanText.text(of: draft, cluster: session.config.name) + "\n")
        }
        do {
            let job = try await session.begin(
                draft.plan,
                on: draft.snapshot,
                unknown: draft.unknown,
                rate: draft.rate
            ) { StandardStreams.writeError("shoal: \($0)\n") }
            return job.id
        } catch let blocker as ReshardBlocker {
            throw CommandFailure(blocker.isUnreachable ? .unreachable : .failed, blocker.message)
        }
    }
}
