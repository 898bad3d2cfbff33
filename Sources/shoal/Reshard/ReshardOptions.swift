import ArgumentParser
import Model
import Resharding
import Routing

extension PlacementPolicy: ExpressibleByArgument {}

/// What `shoal reshard plan` and `run` are asked for.
package struct ReshardOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A shard to come, its leader's address first.", valueName: "name=addr[,replica…]")
    )
    var add: [String] = []
    @Option(help: ArgumentHelp("A shard to go; its slots move to the others.", valueName: "name")) var remove:
        [String] = []
    @Option(help: "So many shards, on this machine: the next names and loopback addresses, or the last shards go.")
    var shards: Int?
    @Option(help: ArgumentHelp("Slots that one shard shall own, such as 0-99,200=shard1.", valueName: "slots=shard"))
    var move: [String] = []
    @Option(help: "How slots are given to shards from now on; the one in force rebalances.") var policy:
        PlacementPolicy?
    @Option(help: ArgumentHelp("At most so many megabytes per second, all shards together.", valueName: "mb/s"))
    var rate: Double?

    package init() {}

    package func validate() throws {
        if shards != nil, !add.isEmpty || !remove.isEmpty {
            throw ValidationError("--shards chooses the shards itself: leave out --add and --remove")
        }
        do throws(ReshardError) {
            for text in add { _ = try ReshardRequest.NewShard(text) }
            for text in move { _ = try ReshardRequest.SlotMove(text) }
        } catch {
            throw ValidationError(error.message)
        }
        if let rate { _ = try MegabytesPerSecond.bytes(rate) }
    }

    /// Whether nothing is asked for; a rate alone is nothing.
    package var isEmpty: Bool { add.isEmpty && remove.isEmpty && shards == nil && move.isEmpty && policy == nil }

    /// The request, not yet checked against the map.
    /// - Parameters:
    ///   - nodes: the addresses in use, and whose they are.
    package func request(
        map: SlotMap,
        config: ClusterConfig,
        nodes: [NodeAddress: String]
    ) throws(ReshardError) -> ReshardRequest {
        var request = ReshardRequest(remove: remove)
        if let shards {
            let waiting = config.shards.filter { map.index(ofShard: $0.name) == nil }.map {
                ReshardRequest.NewShard(name: $0.name, address: $0.address, replicas: $0.replicas)
            }
            // As many as every shard has, so that MinInSync is met.
            let replicas = config.shards.map(\.replicas.count).min() ?? 0
            request = try .resizing(to: shards, map: map, nodes: nodes, waiting: waiting, replicas: replicas)
        }
        for text in add { request.add.append(try ReshardRequest.NewShard(text)) }
        for text in move { request.moves.append(try ReshardRequest.SlotMove(text)) }
        request.policy = policy
        return request
    }

    /// Names that `--add` gives.
    package var addedNames: Set<String> {
        Set(add.compactMap { try? ReshardRequest.NewShard($0).name })
    }
}

/// Rates as people say them.
package enum MegabytesPerSecond {
    private static let largest = 1_000_000.0

    /// Bytes per second. A megabyte is a million bytes.
    package static func bytes(_ rate: Double) throws -> UInt64 {
        guard rate > 0, rate <= largest else {
            throw ValidationError("--rate \(rate): say megabytes per second, above 0 and up to 1000000")
        }
        let bytes = UInt64((rate * 1_000_000).rounded())
        guard bytes >= ReshardJobLimits.rateMin else {
            throw ValidationError("--rate \(rate) is too low: say 0.1 or more, or use `shoal reshard pause`")
        }
        return bytes
    }

    package static func text(_ bytes: UInt64) -> String {
        let tenths = (Double(bytes) / 100_000).rounded() / 10
        return tenths == tenths.rounded() ? "\(UInt64(tenths)) MB/s" : "\(tenths) MB/s"
    }
}
