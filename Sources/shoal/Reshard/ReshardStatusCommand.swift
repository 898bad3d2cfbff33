import ArgumentParser
import Glibc
import Model
import Node
import Operations
import Resharding

struct ReshardStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the reshard that is under way, or the last one.",
        discussion: """
            Example: shoal reshard status
            Example: shoal reshard status --json --watch
            """
    )

    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document, null if there was none (with --watch one on each line).") var json = false
    @Flag(help: "Repeat every second until interrupted.") var watch = false

    func run() async throws {
        guard watch else { return try await ReshardSession.run(config) { try await show($0) } }
        // Ctrl-C is how watching is meant to end.
        let signals = EndingSignals([SIGINT])
        let command = self
        let watching = Task {
            try await ReshardSession.run(command.config) { session in
                while !Task.isCancelled {
                    let began = ContinuousClock.now
                    try await command.show(session)
                    // The pace of the display; cut short by the end of the task.
                    try? await Task.sleep(until: began.advanced(by: .seconds(1)), clock: .continuous)
                }
            }
        }
        let arrivals = signals.arrivals
        let ending = Task { for await _ in arrivals { watching.cancel() } }
        defer { withExtendedLifetime(signals) { ending.cancel() } }
        do {
            try await watching.value
        } catch {
            if !watching.isCancelled { throw error }
        }
    }

    private func show(_ session: ReshardSession) async throws {
        let snapshot = try await session.coordinator.snapshot()
        let status = await session.status(snapshot)
        if Task.isCancelled { return }
        if json { return StandardStreams.writeLine(try JSONOutput.text(of: status, isPretty: !watch)) }
        guard let status, let job = snapshot.job else {
            return StandardStreams.writeLine("no reshard has been made")
        }
        StandardStreams.writeLine(ReshardStatusText.text(of: status, job: job, now: Clock.wallMilliseconds()))
    }
}
