import ArgumentParser
import Model
import Routing

struct ConfigCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate a configuration; errors are printed as file:line: message.",
        discussion: """
            Exit code 2 if there are errors.

            Example: shoal config check config.yaml
            """
    )

    @Argument(help: "The file.") var file: String?
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    private struct Document: Encodable {
        struct Problem: Encodable {
            var file: String
            var line: Int?
            var message: String
        }
        var file: String
        var ok: Bool
        var shards: Int?
        var nodes: Int?
        var problems: [Problem]
    }

    func run() async throws {
        let path = file ?? config.file
        let loaded: ClusterConfig
        do {
            loaded = try ClusterConfig.load(file: path)
        } catch {
            try report(error, path: path)
            throw CommandFailure(.usage)
        }
        let shards = loaded.shards.count
        let nodes = loaded.allNodes.count
        if json {
            let document = Document(file: path, ok: true, shards: shards, nodes: nodes, problems: [])
            StandardStreams.writeLine(try JSONOutput.text(of: document))
        } else {
            StandardStreams.writeLine(
                "\(path): ok: \(Self.counted(shards, "shard")), \(Self.counted(nodes, "node")), cluster "
                    + "\(loaded.name), \(loaded.placement.rawValue) placement, \(loaded.coordinator.rawValue) coordinator"
            )
        }
    }

    /// Every problem on a line of its own, as compilers do it, so that editors can jump there.
    private func report(_ error: ConfigError, path: String) throws {
        guard json else {
            return StandardStreams.writeError(error.problems.map { "\($0)\n" }.joined())
        }
        let problems = error.problems.map { Document.Problem(file: $0.file, line: $0.line, message: $0.message) }
        StandardStreams.writeLine(try JSONOutput.text(of: Document(file: path, ok: false, problems: problems)))
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
