import ArgumentParser

struct ReshardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reshard",
        abstract: "Move slots between shards while all of them serve.",
        discussion: """
            The nodes do the work and go on with it whoever dies; these commands only say what is to be done and look.

            Example: shoal reshard plan --shards 4
            Example: shoal reshard run --add shard2=127.0.0.4:8080
            Example: shoal reshard status
            """,
        subcommands: [
            ReshardPlanCommand.self, ReshardRunCommand.self, ReshardStatusCommand.self, ReshardPauseCommand.self,
            ReshardResumeCommand.self, ReshardCancelCommand.self,
        ]
    )
}
