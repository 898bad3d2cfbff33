import Coordination
import Model
import Replication
import Routing

/// What a node has found at its coordinator, or begun there.
package struct JoinedCluster: Sendable {
    package var identity: ClusterIdentity
    package var map: SlotMap
    package var mapRevision: UInt64
    /// Each shard's record as it was then.
    package var records: [String: SeenRecord]

    package init(identity: ClusterIdentity, map: SlotMap, mapRevision: UInt64, records: [String: SeenRecord]) {
        self.identity = identity
        self.map = map
        self.mapRevision = mapRevision
        self.records = records
    }
}

/// The coordinator as a node asks it before its shard opens.
package protocol JoinCoordinator: Sendable {
    /// One attempt to find the cluster, or to begin it under that identity with that map. Returns at once, and is answered once, from any
    /// thread, within a time-out; after `end` perhaps not at all.
    /// - Parameter known: the coordinator that the node's folder belongs to; empty if it belongs to none yet.
    func join(
        as identity: ClusterIdentity,
        firstMap: SlotMap,
        known: String,
        _ answer: @escaping CoordinatorAnswer<JoinedCluster>
    )
    /// Gives up what is under way.
    func end()
}

/// Over the cluster's coordinator, on coordination's own loop.
final class JoinCalls: JoinCoordinator {
    private let coordinator: ClusterCoordinator
    private let cluster: ClusterConfig
    private let calls = CoordinatorCalls()

    init(_ coordinator: ClusterCoordinator, _ cluster: ClusterConfig) {
        self.coordinator = coordinator
        self.cluster = cluster
    }

    func join(
        as identity: ClusterIdentity,
        firstMap: SlotMap,
        known: String,
        _ answer: @escaping CoordinatorAnswer<JoinedCluster>
    ) {
        calls.begin { [self] in
            do throws(CoordinationError) {
                answer(.success(try await join(as: identity, firstMap, known: known)))
            } catch {
                answer(.failure(error))
            }
        }
    }

    func end() { calls.end() }

    private func join(
        as identity: ClusterIdentity,
        _ firstMap: SlotMap,
        known: String
    ) async throws(CoordinationError) -> JoinedCluster {
        var beginning = try await coordinator.begin(as: identity, known: known, firstMap: firstMap)
        if let current = beginning.map.value,
            let doubled = try await OfflineDoubling(cluster: cluster, coordinator: coordinator)
                .apply(to: current, revision: beginning.map.revision)
        {
            beginning.map = doubled
        }
        guard let map = beginning.map.value else {
            throw CoordinationError(.corrupt, "the coordinator has no slot map for \(cluster.name)")
        }
        return JoinedCluster(
            identity: beginning.identity,
            map: map,
            mapRevision: beginning.map.revision,
            records: try await coordinator.shards()
        )
    }
}

extension ClusterConfig {
    /// The map that this config asks for, made from the one in force.
    func map(after current: SlotMap?) throws(CoordinationError) -> SlotMap {
        do throws(RoutingError) {
            return try placement.map(current: current, shards: shardNames)
        } catch {
            throw CoordinationError(.corrupt, "\(file): \(error)")
        }
    }
}
