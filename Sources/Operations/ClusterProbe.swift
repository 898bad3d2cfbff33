import FoundationEssentials
import Model
import NIOCore
import NIOPosix
import Node
import Routing
import Server

/// Asks every node of a cluster for its status, all at once, and puts the answers together.
package struct ClusterProbe: Sendable {
    /// A node that needs longer for its status is not well; a dashboard that waits longer isn't either.
    private static let nodeTimeout = TimeAmount.seconds(1)

    private let config: ClusterConfig
    private let group: any EventLoopGroup
    private let embedded: [NodeAddress: Node]

    /// - Parameter embedded: nodes of this process, which are asked directly.
    package init(
        config: ClusterConfig,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        embedded: [NodeAddress: Node] = [:]
    ) {
        self.config = config
        self.group = group
        self.embedded = embedded
    }

    /// The status of the cluster now. Never fails: a node that can't be asked is in it as `unreachable`, with the
    /// reason as its message. Takes a little over a second at the longest.
    package func probe() async -> ClusterStatus {
        let answers = await withTaskGroup(of: NodeStatus.self) { tasks in
            for shard in config.shards {
                for address in shard.nodes {
                    tasks.addTask { await status(of: address, in: shard) }
                }
            }
            return await tasks.reduce(into: [String: NodeStatus]()) { $0[$1.address] = $1 }
        }
        return Self.status(of: config, answers: answers)
    }

    /// Slots are as the newest map that a node told has them; as the config would place them while nobody tells.
    package static func status(of config: ClusterConfig, answers: [String: NodeStatus]) -> ClusterStatus {
        let told = answers.values.compactMap(\.map).max { $0.version < $1.version }
        let planned = told == nil ? try? config.placement.map(current: nil, shards: config.shardNames) : nil
        let map = told ?? planned.map { NodeStatus.Map($0) }
        let shards = config.shards.map { shard in
            shardStatus(
                shard,
                slots: map?.slots[shard.name] ?? 0,
                nodes: shard.nodes.compactMap { answers["\($0)"] }
            )
        }
        return ClusterStatus(
            cluster: config.name,
            mapVersion: map?.version ?? 0,
            placement: map?.placement ?? config.placement.rawValue,
            coordinator: config.coordinator.rawValue,
            shards: shards,
            reshard: ReshardStatus(joining: answers.values.compactMap(\.reshard))
        )
    }

    /// Keys and bytes come from the leader, or from the replica that knows most while the leader can't be asked.
    package static func shardStatus(_ shard: ShardConfig, slots: Int, nodes: [NodeStatus]) -> ClusterStatus.Shard {
        let nodes = withRoles(nodes)
        let known = nodes.filter { $0.state != .unreachable }
        let source =
            known.first { $0.role == .leader && $0.state == .running }
            ?? known.filter { $0.role == .replica }.max { $0.keys < $1.keys }
            ?? known.first
        return ClusterStatus.Shard(
            name: shard.name,
            index: shard.index,
            // The config's map is where a cluster begins; the nodes know the one in force.
            slots: slots,
            keys: source?.keys ?? 0,
            bytes: source?.bytes ?? 0,
            leader: (known.first { $0.role == .leader })?.address ?? "\(shard.address)",
            nodes: nodes
        )
    }

    /// config.yaml names only a shard's first leader: of a node that can't be asked, the others know better.
    private static func withRoles(_ nodes: [NodeStatus]) -> [NodeStatus] {
        let serving = nodes.first { $0.role == .leader && $0.state == .running }?.address
        let views = nodes.lazy.filter { $0.state != .unreachable }.compactMap(\.leadership)
        let named = views.filter { !$0.leader.isEmpty }.max { $0.term < $1.term }?.leader
        guard let leader = serving ?? named else { return nodes }
        return nodes.map { node in
            guard node.state == .unreachable else { return node }
            var node = node
            node.role = node.address == leader ? .leader : .replica
            return node
        }
    }

    private func status(of address: NodeAddress, in shard: ShardConfig) async -> NodeStatus {
        if let node = embedded[address], let status = try? await NIOThreadPool.singleton.runIfActive({ node.status() })
        {
            return status
        }
        do throws(ClientError) {
            let response = try await HTTPFetch.request(
                method: "GET",
                address: address,
                path: "/status",
                timeout: Self.nodeTimeout,
                group: group
            )
            guard response.status == 200 else {
                throw ClientError(.refused, "\(address) answered /status with \(response.status)")
            }
            guard var status = try? JSONDecoder().decode(NodeStatus.self, from: Data(response.body)) else {
                throw ClientError(.badReply, "\(address) answered /status with something else: is this a Shoal node?")
            }
            return try checked(&status, address: address, shard: shard)
        } catch {
            return unreachable(address, in: shard, reason: error.message)
        }
    }

    /// Someone else may be listening there: another cluster's node must not be counted into this one.
    private func checked(
        _ status: inout NodeStatus,
        address: NodeAddress,
        shard: ShardConfig
    ) throws(ClientError) -> NodeStatus {
        guard status.cluster == config.name, status.shard == shard.name else {
            throw ClientError(
                .refused,
                "\(address) belongs to shard \(status.shard) of cluster \(status.cluster), not to \(shard.name) of "
                    + "\(config.name): compare config.yaml with how the node was started"
            )
        }
        status.address = "\(address)"
        return status
    }

    private func unreachable(_ address: NodeAddress, in shard: ShardConfig, reason: String) -> NodeStatus {
        NodeStatus(
            cluster: config.name,
            shard: shard.name,
            address: "\(address)",
            role: address == shard.address ? .leader : .replica,
            state: .unreachable,
            engine: config.engine.rawValue,
            durability: config.durability.rawValue,
            version: "",
            // The node's own status need not name it.
            message: reason.replacing(" to \(address)", with: "")
        )
    }
}
