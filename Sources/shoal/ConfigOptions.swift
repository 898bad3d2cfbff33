import ArgumentParser
import NIOCore
import NIOPosix
import Routing
import Server

/// The option that all commands share which look at config.yaml.
struct ConfigOptions: ParsableArguments {
    @Option(name: .customLong("config-file"), help: ArgumentHelp("The cluster's configuration.", valueName: "file"))
    var file = Self.defaultFile

    static let defaultFile = "config.yaml"

    /// For clients, which may run on another machine than the nodes.
    func load() throws -> ClusterConfig {
        try ClusterConfig.load(file: file, checkingLocality: false)
    }
}

/// What `get`, `put`, `del` and `scan` do alike.
enum ClientSession {
    /// One event loop: a single command needs no more, and starting threads takes time.
    static func run<Outcome>(
        _ options: ConfigOptions,
        _ body: (ClusterClient) async throws -> Outcome
    ) async throws -> Outcome {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try ClusterClient(config: options.load(), group: group)
        do {
            let outcome = try await body(client)
            await client.close()
            try? await group.shutdownGracefully()
            return outcome
        } catch {
            await client.close()
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// The key's bytes as given; refused here already when no node would take it.
    static func key(_ text: String) throws -> [UInt8] {
        let bytes = GivenBytes.of(text)
        guard (1...4096).contains(bytes.count) else {
            throw CommandFailure(.usage, "a key has 1 byte to 4 KiB, this one has \(bytes.count) bytes: use another")
        }
        return bytes
    }
}
