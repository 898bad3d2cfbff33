import ArgumentParser
import Model
import Node
import Operations

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the whole cluster.",
        discussion: """
            Asks all nodes at once. Exit code 3 if none of them can be reached.

            Example: shoal status --json
            Example: shoal status --watch
            """
    )

    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document (with --watch one on each line).") var json = false
    @Flag(help: "Repeat every second until interrupted.") var watch = false

    func run() async throws {
        let probe = ClusterProbe(config: try config.load())
        guard watch else {
            let status = await probe.probe()
            try show(status, isFirst: true)
            return try Self.requireReachable(status, file: config.file)
        }
        let command = self
        try await Watch.everySecond { isFirst in
            let status = await probe.probe()
            if !Task.isCancelled { try command.show(status, isFirst: isFirst) }
        }
    }

    private func show(_ status: ClusterStatus, isFirst: Bool) throws {
        if json {
            StandardStreams.writeLine(try JSONOutput.text(of: status, isPretty: !watch))
        } else {
            StandardStreams.writeLine((isFirst ? "" : "\n") + StatusTable.text(of: status))
        }
    }

    private static func requireReachable(_ status: ClusterStatus, file: String) throws {
        let nodes = status.shards.flatMap(\.nodes)
        guard nodes.allSatisfy({ $0.state == .unreachable }) else { return }
        throw CommandFailure(
            .unreachable,
            "none of the \(nodes.count) nodes in \(file) can be reached: start them with `shoal console --start` or "
                + "`shoal node`"
        )
    }
}
