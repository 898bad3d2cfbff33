import ArgumentParser
import Model
import Storage

/// The root command. Its subcommands are one file each.
@main
struct Shoal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shoal",
        abstract: "A sharded, replicated, persistent key-value store and the console that runs it.",
        discussion: """
            Exit codes: 0 done, 1 the operation failed, 2 wrong usage or configuration, 3 the cluster can't be \
            reached, 4 not found.

            Example: shoal console --demo
            """,
        version: ShoalVersion.current,
        subcommands: [
            ConsoleCommand.self, NodeCommand.self, GetCommand.self, PutCommand.self, DelCommand.self,
            ScanCommand.self, ExpireCommand.self, StatusCommand.self, StartCommand.self, StopCommand.self,
            RestartCommand.self, SwitchoverCommand.self,
            ReshardCommand.self, DoctorCommand.self, BenchCommand.self, ConfigCommand.self,
        ]
    )

    /// In place of ArgumentParser's own `main`, which ends with 64 on wrong usage.
    static func main() async {
        StandardStreams.openMissing()
        OpenFilesLimit.raise()
        EngineOpener.limitHeaps()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            CommandExit.end(with: error)
        }
    }
}
