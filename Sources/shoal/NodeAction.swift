import Model
import NIOCore
import Routing
import Server

/// What `shoal start` and `shoal stop` do: one request per node, in an order that suits replication.
enum NodeAction: String {
    case start, stop

    /// Closing files waits for the applier; opening them replays the log.
    private static let timeout = TimeAmount.seconds(60)

    private struct Outcome: Encodable {
        var node: String
        var action: String
        var ok: Bool
        var message: String
    }

    /// One line per node. Throws after the last one if any of them failed.
    func run(on names: [String], config: ClusterConfig, json: Bool) async throws {
        var outcomes: [Outcome] = []
        var worst: ExitStatus?
        for address in try nodes(named: names, in: config) {
            var outcome = Outcome(node: "\(address)", action: rawValue, ok: true, message: "stopped")
            do throws(ClientError) {
                try await request(address)
                if self == .start {
                    outcome.message = try await StartWait(address: address).untilStarted(quietly: json)
                }
            } catch {
                outcome.ok = false
                outcome.message = error.message
                let status = CommandExit.status(of: error)
                if status.rawValue > worst?.rawValue ?? 0 { worst = status }
            }
            outcomes.append(outcome)
            if !json {
                let line = outcome.ok ? "\(address): \(outcome.message)" : "\(address): failed: \(outcome.message)"
                StandardStreams.writeLine(line)
            }
        }
        if json { StandardStreams.writeLine(try JSONOutput.text(of: outcomes)) }
        if let worst {
            let failed = outcomes.filter { !$0.ok }.map(\.node).joined(separator: ", ")
            throw CommandFailure(worst, "can't \(rawValue) \(failed): see `shoal status`")
        }
    }

    /// Names become nodes, each once, in the order given. Replicas of a shard are stopped before and started after
    /// their leader: they would only report a lost link otherwise.
    func nodes(named names: [String], in config: ClusterConfig) throws -> [NodeAddress] {
        var nodes: [NodeAddress] = []
        for name in names {
            let found: [NodeAddress]
            if let shard = config.shard(named: name) {
                found = self == .start ? shard.nodes : shard.replicas + [shard.address]
            } else if let address = try? NodeAddress(name), config.membership(of: address) != nil {
                found = [address]
            } else {
                let known = config.shardNames + config.allNodes.map { "\($0)" }
                throw CommandFailure(
                    .usage,
                    "not a shard or node of \(config.file): \(name) (use one of \(known.joined(separator: ", ")))"
                )
            }
            nodes += found.filter { !nodes.contains($0) }
        }
        return nodes
    }

    private func request(_ address: NodeAddress) async throws(ClientError) {
        let response = try await HTTPFetch.request(
            method: "POST",
            address: address,
            path: "/admin/\(rawValue)",
            timeout: Self.timeout
        )
        guard !(200..<300).contains(response.status) else { return }
        throw ClientError(.refused, response.refusal)
    }
}
