import ArgumentParser
import Model
import Routing

/// What `shoal node` was asked for, checked; `runNode` starts it.
struct NodeOptions: Sendable {
    var shard: String
    /// The address others use.
    var address: NodeAddress
    /// Where the node binds.
    var listenAddress: NodeAddress
    var isReplica: Bool
    /// The node's own folder; nil: below the config's data directory.
    var location: String?
    /// nil: as the config says.
    var engine: EngineKind?
    /// nil: as the config says.
    var durability: Durability?
    var adopt: Bool
    var config: ClusterConfig
}

extension EngineKind: ExpressibleByArgument {}
extension Durability: ExpressibleByArgument {}

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Run one node without a console, until SIGTERM or SIGINT.",
        discussion: """
            A node whose shard is not in the config starts empty and owns no slots.

            Example: shoal node --shard shard0 --http-address 127.0.0.2:8080 --db-type lmdb
            Example: shoal node --shard shard0 --http-address 127.0.0.22:8080 --replica
            """
    )

    @Option(help: ArgumentHelp("The shard, by its name in the config.", valueName: "name")) var shard: String
    @Option(help: ArgumentHelp("The address others use.", valueName: "host:port")) var httpAddress: String
    @Option(help: ArgumentHelp("Where to bind if that differs (a proxy, a container).", valueName: "host:port"))
    var listenAddress: String?
    @Flag(help: "Be a replica of the shard.") var replica = false
    @Option(help: ArgumentHelp("The node's data folder.", valueName: "dir")) var dbLocation: String?
    @Option(help: "The engine.") var dbType: EngineKind?
    @OptionGroup var config: ConfigOptions
    @Option(help: "When a write is acknowledged: on the disk (fsync) or with the operating system (os).")
    var durability: Durability?
    @Flag(help: "Take over a data folder copied from another shard.") var adopt = false

    func run() async throws {
        let address = try Self.address(httpAddress, option: "--http-address")
        let options = NodeOptions(
            shard: shard,
            address: address,
            listenAddress: try listenAddress.map { try Self.address($0, option: "--listen-address") } ?? address,
            isReplica: replica,
            location: dbLocation,
            engine: dbType,
            durability: durability,
            adopt: adopt,
            config: try ClusterConfig.load(file: config.file)
        )
        try await runNode(options)
    }

    private static func address(_ text: String, option: String) throws -> NodeAddress {
        do {
            return try NodeAddress(text)
        } catch {
            throw CommandFailure(.usage, "\(option) \(error)")
        }
    }
}
