import Model
import Routing

extension ClusterCoordinator {
    /// What a cluster has agreed on when a node starts.
    package struct Beginning: Sendable {
        package var identity: ClusterIdentity
        package var map: Seen<SlotMap>
    }

    /// Finds the cluster at its coordinator, or begins it: the random id and the first slot map are written in one
    /// transaction, by whichever node comes first.
    /// - Parameters:
    ///   - identity: to begin it with; nil: a fresh one. With the same in another attempt, an earlier one whose outcome is
    ///     unknown is found to be its own.
    ///   - known: the coordinator id that the node's data folder keeps; nil or empty for a folder that has none yet.
    ///   - firstMap: the map to begin with, from config.yaml.
    /// - Throws: `.wrongCoordinator` when the folder knows another coordinator, or this one has lost its data;
    ///   `.wrongCluster` when another cluster lives there.
    package func begin(
        as identity: ClusterIdentity? = nil,
        known: String?,
        firstMap: SlotMap,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> Beginning {
        let fresh = identity ?? ClusterIdentity.fresh(cluster: cluster)
        let known = known ?? ""
        let keys = [ClusterKeys.identity, ClusterKeys.map]
        guard known.isEmpty else {
            // Nothing is begun for a folder that belongs to another coordinator.
            let range = try await backend.transact([], [], reading: keys, timeout: timeout)
            return try judge(range.entries, known: known)
        }
        let outcome = try await backend.transact(
            keys.map { .absent(key: $0) },
            [
                .put(key: ClusterKeys.identity, value: try values.encode(fresh, ClusterKeys.identity)),
                .put(key: ClusterKeys.map, value: try values.encode(firstMap, ClusterKeys.map)),
            ],
            reading: [],
            timeout: timeout
        )
        switch outcome {
        case .committed(let revision, _):
            return Beginning(identity: fresh, map: Seen(value: firstMap, revision: revision))
        case .conflict(_, let current):
            return try judge(current, known: known)
        }
    }

    /// Whether what is there is the coordinator that a data folder knows.
    private func judge(_ entries: [String: CoordinatorEntry], known: String) throws(CoordinationError) -> Beginning {
        guard let entry = entries[ClusterKeys.identity] else {
            let message =
                known.isEmpty
                ? "\(backend.place) has a slot map but no identity: it is damaged; restore it, or see shoal doctor"
                : "\(backend.place) knows no cluster \(cluster), but the data folder belongs to coordinator \(known): its "
                    + "data is gone, or this is another one; restore it, or see shoal doctor for how to begin anew"
            throw CoordinationError(known.isEmpty ? .corrupt : .wrongCoordinator, message)
        }
        let identity = try values.decode(ClusterIdentity.self, entry)
        guard identity.format == ClusterIdentity.currentFormat else {
            throw CoordinationError(
                .corrupt,
                "\(backend.place) has format \(identity.format), not \(ClusterIdentity.currentFormat): use the version "
                    + "of shoal that wrote it"
            )
        }
        guard identity.cluster == cluster else {
            throw CoordinationError(
                .wrongCluster,
                "\(backend.place) coordinates cluster \(identity.cluster), not \(cluster): correct Name in config.yaml"
            )
        }
        guard known.isEmpty || identity.coordinator == known else {
            throw CoordinationError(
                .wrongCoordinator,
                "\(backend.place) is coordinator \(identity.coordinator), but the data folder belongs to \(known): two "
                    + "coordinators must not share a shard; correct Coordinator in config.yaml, or see shoal doctor"
            )
        }
        return Beginning(identity: identity, map: try values.seen(SlotMap.self, entries[ClusterKeys.map]))
    }
}

extension CoordinatorOutcome {
    /// The coordinator's, at that moment.
    package var revision: UInt64 {
        switch self {
        case .committed(let revision, _), .conflict(let revision, _): revision
        }
    }

    /// What was read or found, whichever way it ended.
    package var entries: [String: CoordinatorEntry] {
        switch self {
        case .committed(_, let read): read
        case .conflict(_, let current): current
        }
    }
}
