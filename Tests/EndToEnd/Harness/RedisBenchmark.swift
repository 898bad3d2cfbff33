import Glibc
import Model
import TestSupport
import Testing

/// `redis-benchmark --cluster`, which sets, gets and increments until it is told to stop; it follows redirects by itself.
final class RedisBenchmark {
    private let process: ChildProcess
    private let folder: TestFolder
    private let node: NodeAddress

    /// Version 7.0 knows the masters of its start alone, of whichever cluster: it gives up when a slot of its keys has gone to
    /// another. It tells so with these words.
    private static let ownLimit = "could not find node with ID"

    init(_ node: NodeAddress) throws {
        self.node = node
        folder = try TestFolder()
        let command = RedisBenchmark.command(node, ["-n", "5000", "-l"])
        process = try ChildProcess.start(command, output: "\(folder.path)/out")
    }

    private static func command(_ node: NodeAddress, _ options: [String]) -> [String] {
        [
            "redis-benchmark", "--cluster", "-h", node.host, "-p", "\(node.port)", "-t", "set,get,incr", "-c", "4",
            "-d", "64", "-r", "2000", "-q",
        ] + options
    }

    /// Ends it. It must have run until now, or come to its own limit, and have been told of nothing that it could not follow.
    /// Then it runs once more, on the cluster as it has become.
    func finish(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let text = { [folder] in String(decoding: TestFolder.read("\(folder.path)/out"), as: UTF8.self) }
        if process.ended == nil {
            process.signal(SIGTERM)
            _ = try await process.waitForExit()
        } else {
            #expect(text().contains(Self.ownLimit), "it gave up: \(text().suffix(500))", sourceLocation: sourceLocation)
        }
        #expect(!text().contains("Error"), "\(text().suffix(500))", sourceLocation: sourceLocation)
        let again = try await ChildProcess.run(RedisBenchmark.command(node, ["-n", "2000"]))
        #expect(
            again.exit == .code(0) && !again.text.contains("Error"),
            "\(again.text) \(again.errors)",
            sourceLocation: sourceLocation
        )
    }
}
