import Model
import Routing

/// What one node is to be: the paper's flags, checked against the cluster's config.
package struct NodeConfiguration: Sendable {
    package var cluster: ClusterConfig
    package var shard: String
    /// The address others use.
    package var address: NodeAddress
    /// Where the node binds.
    package var listenAddress: NodeAddress
    package var role: NodeRole
    /// The node's own data folder.
    package var folder: String
    package var engine: EngineKind
    package var durability: Durability
    /// Take over a data folder that was copied from another shard.
    package var adopt: Bool

    package enum NodeRole: Sendable { case leader, replica }

    /// - Parameters:
    ///   - folder: nil for the config's data directory.
    ///   - isReplica: what `--replica` says; nil takes the config's word.
    /// - Throws: when flags and config contradict each other, with what to do.
    package init(
        cluster: ClusterConfig,
        shard: String,
        address: NodeAddress,
        listenAddress: NodeAddress? = nil,
        isReplica: Bool? = nil,
        folder: String? = nil,
        engine: EngineKind? = nil,
        durability: Durability? = nil,
        adopt: Bool = false
    ) throws(NodeError) {
        if let member = cluster.membership(of: address), member.shard.name != shard {
            throw NodeError(
                .contradiction,
                "\(address) belongs to shard \(member.shard.name) in \(cluster.file), not to \(shard): change --shard or --http-address"
            )
        }
        if let configured = cluster.shard(named: shard) {
            role = try NodeConfiguration.role(of: address, in: configured, isReplica, file: cluster.file)
        } else {
            // One that a reshard is going to add. A replica waits for the coordinator to name the leader.
            role = isReplica == true ? .replica : .leader
        }
        self.cluster = cluster
        self.shard = shard
        self.address = address
        self.listenAddress = listenAddress ?? address
        self.folder = folder ?? cluster.dataFolder(for: address)
        self.engine = engine ?? cluster.engine
        self.durability = durability ?? cluster.durability
        self.adopt = adopt
    }

    private static func role(
        of address: NodeAddress,
        in shard: ShardConfig,
        _ isReplica: Bool?,
        file: String
    ) throws(NodeError) -> NodeRole {
        if shard.address == address {
            guard isReplica != true else {
                throw NodeError(
                    .contradiction,
                    "\(address) is the leader of \(shard.name) in \(file): leave out --replica, or use the address of a replica"
                )
            }
            return .leader
        }
        guard shard.replicas.contains(address) else {
            throw NodeError(
                .contradiction,
                "\(address) is no node of shard \(shard.name) in \(file): its nodes are "
                    + shard.nodes.map(\.description).joined(separator: ", ")
            )
        }
        guard isReplica != false else {
            throw NodeError(.contradiction, "\(address) is a replica of \(shard.name) in \(file): add --replica")
        }
        return .replica
    }
}

/// What keeps a node from being started or stopped, in one line for people.
package struct NodeError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Flags and config say different things.
        case contradiction
        /// The address can't be used.
        case address
        /// The shard could not be opened; the status says the same.
        case shard
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
