import ArgumentParser
import FoundationEssentials
import Model
import NIOCore
import Node
import Operations
import Routing
import Server

struct SwitchoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switchover",
        abstract: "Change a shard's leader on purpose, without losing a write.",
        discussion: """
            The leader holds new writes, waits until the in-sync replica has everything, and hands the leadership over. Writes \
            that were held are redirected to the new leader.

            Example: shoal switchover shard0
            Example: shoal switchover shard0 --to 127.0.0.22:8080
            """
    )

    @Argument(help: ArgumentHelp("A shard of the config.", valueName: "SHARD")) var shard: String
    @Option(
        help: ArgumentHelp("The new leader; the replica with the newest records if left out.", valueName: "ADDR")
    )
    var to: String?
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    /// The hand-over itself is over, or given up, after a second.
    private static let timeout = TimeAmount.seconds(15)

    private struct Outcome: Encodable {
        var shard: String
        var leader: String
    }

    func run() async throws {
        let cluster = try config.load()
        guard let named = cluster.shard(named: shard) else {
            let known = cluster.shardNames.joined(separator: ", ")
            throw CommandFailure(.usage, "not a shard of \(cluster.file): \(shard) (use one of \(known))")
        }
        var path = "/admin/switchover"
        if let to {
            let address: NodeAddress
            do { address = try NodeAddress(to) } catch { throw CommandFailure(.usage, "--to \(to): \(error)") }
            guard named.nodes.contains(address) else {
                let nodes = named.nodes.map(\.description).joined(separator: ", ")
                throw CommandFailure(.usage, "not a node of \(shard): \(to) (its nodes are \(nodes))")
            }
            path += "?to=\(address)"
        }
        let before = try await leader(of: named, in: cluster)
        if let to, to == "\(before)" { throw CommandFailure(.failed, "\(to) is the leader of \(shard) already") }
        let response: HTTPFetchResponse
        do throws(ClientError) {
            response = try await HTTPFetch.request(
                method: "POST",
                address: before,
                path: path,
                timeout: Self.timeout
            )
        } catch {
            throw CommandFailure(CommandExit.status(of: error), error.message)
        }
        guard response.status == 200 else { throw CommandFailure(.failed, response.refusal) }
        let after = try await newLeader(of: named, after: before, in: cluster)
        if json {
            StandardStreams.writeLine(try JSONOutput.text(of: Outcome(shard: shard, leader: "\(after)")))
        } else {
            StandardStreams.writeLine("\(shard): \(after) is the leader now, \(before) was before")
        }
    }

    /// The one that takes over needs a moment to begin its term.
    private func newLeader(
        of shard: ShardConfig,
        after before: NodeAddress,
        in cluster: ClusterConfig
    ) async throws -> NodeAddress {
        for _ in 1..<SwitchoverCommand.looksMax {
            if let found = try? await leader(of: shard, in: cluster), found != before { return found }
            // Other processes: only asking again tells.
            try await Task.sleep(for: SwitchoverCommand.lookPause)
        }
        return try await leader(of: shard, in: cluster)
    }

    private static let looksMax = 100
    private static let lookPause = Duration.milliseconds(50)

    private func leader(of shard: ShardConfig, in cluster: ClusterConfig) async throws -> NodeAddress {
        let status = await ClusterProbe(config: cluster).probe()
        guard let found = status.shards.first(where: { $0.name == shard.name }),
            let node = found.nodes.first(where: { $0.role == .leader && $0.state == .running })
        else { throw CommandFailure(.failed, "\(shard.name) has no leader now: see `shoal status`") }
        return try NodeAddress(node.address)
    }
}
