import Glibc
import Routing
import TestSupport
import Testing

/// `redis-benchmark --cluster`, which sets, gets and increments until it is told to stop; it follows redirects by itself.
final class RedisBenchmark {
    private let process: ChildProcess
    private let folder: TestFolder

    init(_ node: NodeAddress) throws {
        folder = try TestFolder()
        let command = [
            "redis-benchmark", "--cluster", "-h", node.host, "-p", "\(node.port)", "-t", "set,get,incr", "-c", "4",
            "-d",
            "64", "-r", "2000", "-n", "5000", "-l", "-q",
        ]
        process = try ChildProcess.start(command, output: "\(folder.path)/out")
    }

    /// Ends it. It must have run until now, and have been told of nothing that it could not follow.
    func finish(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let text = { [folder] in String(decoding: TestFolder.read("\(folder.path)/out"), as: UTF8.self) }
        #expect(process.ended == nil, "it gave up: \(text().suffix(500))", sourceLocation: sourceLocation)
        process.signal(SIGTERM)
        _ = try await process.waitForExit()
        #expect(!text().contains("Error"), "\(text().suffix(500))", sourceLocation: sourceLocation)
    }
}
