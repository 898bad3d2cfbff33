import Model
import NIOCore
import NIOPosix
import Resharding
import Routing
import Server
import Storage

/// What is at the place of a node that is to come, while somebody still chooses it.
extension ReshardNodes {
    package enum Place: Hashable, Sendable {
        /// It runs there, as a job needs it.
        case runs
        /// Nothing is there, and this process can start it.
        case startable
        /// Nothing is there: it must be started first, or may come later if it is a replica.
        case absent
        /// It can't be there, or not so.
        case unfit
    }

    /// Looks at the place of a node. Takes a few seconds at the longest.
    /// - Parameters:
    ///   - coordinator: what people know it by.
    ///   - config: of the cluster.
    ///   - starts: whether this process starts nodes.
    /// - Returns: what is there, and that in words, with what to do if it must change.
    package func place(
        of node: ReshardRequest.NewNode,
        _ snapshot: CoordinatorSnapshot,
        at coordinator: String,
        config: ClusterConfig,
        starts: Bool
    ) async -> (place: Place, text: String) {
        do throws(ClientError) {
            _ = try await status(of: node.address)
        } catch {
            if error.code == .unreachable { return await absent(node, config: config, starts: starts) }
            return (.unfit, "\(error.message); choose another address if this is another program")
        }
        let shard = ReshardRequest.NewShard(name: node.shard, address: node.address)
        let findings =
            node.isReplica
            ? await replicaFindings(node.address, shard) : await leaderFindings(shard, snapshot, coordinator)
        if let first = findings.first { return (.unfit, first.message) }
        return (.runs, "\(node.address) runs \(node.shard)" + (node.isReplica ? " as a replica" : " and is empty"))
    }

    private func absent(_ node: ReshardRequest.NewNode, config: ClusterConfig, starts: Bool) async -> (Place, String) {
        let command = node.command(configFile: config.file)
        let host = node.address.host
        guard starts, LocalHosts.isLoopback(host) || LocalHosts.all().contains(host) else {
            return (
                .absent,
                node.isReplica
                    ? "\(node.address) does not run; it may come later: \(command)"
                    : "\(node.address) does not run; start it: \(command)"
            )
        }
        if let problem = await portProblem(node.address) { return (.unfit, problem) }
        let folder = config.dataFolder(for: node.address)
        do throws(StorageError) {
            switch try DataFolder.occupant(of: folder) {
            case .nobody: return (.startable, "\(node.address) is free, its folder empty: it is started here")
            case .shard(node.shard, cluster: cluster):
                return (.startable, "\(node.address) is free; \(folder) was \(node.shard)'s before: it is started here")
            case .shard(let name, let other):
                return (
                    .unfit, "\(folder) belongs to \(name) of cluster \(other): move it away or choose another address"
                )
            case .stranger:
                return (.unfit, "\(folder) is not empty: move it away or choose another address")
            }
        } catch {
            return (.unfit, error.message)
        }
    }

    /// Whether a server could listen there: tried for a moment.
    private func portProblem(_ address: NodeAddress) async -> String? {
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: address.host, port: Int(address.port)).get()
            try await channel.close()
            return nil
        } catch {
            return "nothing can listen at \(address): \(error)"
        }
    }
}
