import Coordination
import Model
import Routing

/// The paper's resharding by hand: every node is stopped, data folders are copied, config.yaml gets twice the shards, and
/// the nodes start again. The first of them puts the new placement into the map.
struct OfflineDoubling {
    let cluster: ClusterConfig
    let coordinator: ClusterCoordinator

    /// - Returns: the new map, or nil when config.yaml asks for nothing of the kind.
    /// - Throws: `.unavailable` while nodes of the old map are still running.
    func apply(
        to current: SlotMap,
        revision: UInt64
    ) async throws(CoordinationError) -> Seen<SlotMap>? {
        guard isAsked(current) else { return nil }
        guard try await !isAnybodyThere() else {
            throw CoordinationError(
                .unavailable,
                "\(cluster.file) has \(cluster.shards.count) shards and the slot map \(current.shardNames.count): "
                    + "stop the nodes that still run, or take the new shards out and use shoal reshard"
            )
        }
        let doubled = try cluster.map(after: current)
        guard
            let revision = try await coordinator.placement.replace(
                doubled,
                expected: revision,
                documents: try await forgettingReshard()
            )
        else {
            throw CoordinationError(.unavailable, "another node has just changed the slot map")
        }
        return Seen(value: doubled, revision: revision)
    }

    /// The journal goes in the same transaction: what its moves left behind is cleared without asking, and from now on the
    /// same slots may be copies that somebody has put there, to be cleared by `/clean` alone.
    private func forgettingReshard() async throws(CoordinationError) -> [ClusterDocuments.Change] {
        let seen = try await coordinator.documents.read(ReshardJob.documentName)
        guard let json = seen.value else { return [] }
        if let job = try? ReshardJob(json: json), !job.state.isEnded {
            throw CoordinationError(
                .unavailable,
                "a reshard is under way (\(job.state.rawValue)): take the new shards out of \(cluster.file), start the nodes "
                    + "and let it end, or cancel it"
            )
        }
        return [.init(name: ReshardJob.documentName, json: nil, expected: seen.revision)]
    }

    /// Only for `modulo`: there a copy of shard i's data has everything that shard i + N needs.
    private func isAsked(_ current: SlotMap) -> Bool {
        let names = cluster.shardNames
        let count = current.shardNames.count
        return cluster.placement == .modulo && names.count > count && names.count % count == 0
            && Array(names.prefix(count)) == current.shardNames
    }

    private func isAnybodyThere() async throws(CoordinationError) -> Bool {
        for shard in cluster.shardNames where try await !coordinator.sessions.notices(of: shard).isEmpty { return true }
        return false
    }
}
