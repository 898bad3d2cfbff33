import Model
import Replication
import Routing

/// What the nodes of a cluster agree on, over either backend: who coordinates, the slot map, one record per shard, the
/// sessions and notices of members, and JSON documents (a journal of resharding, say).
///
/// Values are JSON; every change is a compare-and-swap by revision in one transaction. All calls are bounded in time and
/// may be made from any task. Errors say what, where and what to do; `.unknownOutcome` means that only a later read
/// tells whether a change was made.
package struct ClusterCoordinator: Sendable {
    package let cluster: String
    package let backend: any CoordinatorBackend

    package init(cluster: String, backend: any CoordinatorBackend) {
        self.cluster = cluster
        self.backend = backend
    }

    /// Leases of members, and their notices.
    package var sessions: ClusterSessions { ClusterSessions(values: values) }
    /// The slot map, and what a change of it depends on.
    package var placement: ClusterPlacement { ClusterPlacement(values: values) }
    package var documents: ClusterDocuments { ClusterDocuments(values: values) }
    var values: ClusterValues { ClusterValues(backend: backend) }

    package func close() async { await backend.close() }

    // MARK: Records

    /// Who coordinates and what; nil before the cluster began.
    package func identity(
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> ClusterIdentity? {
        try await values.value(ClusterKeys.identity, ClusterIdentity.self, timeout).value
    }

    /// One without content if the shard never had a leader.
    package func shard(
        _ name: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> SeenRecord {
        let seen = try await values.value(ClusterKeys.shard(name), ShardRecord.self, timeout)
        return SeenRecord(record: seen.value, revision: seen.revision)
    }

    /// The records of all shards that ever had a leader, by shard.
    package func shards(
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> [String: SeenRecord] {
        let range = try await backend.read(ClusterKeys.shards, isExact: false, timeout: timeout)
        var records: [String: SeenRecord] = [:]
        for entry in range.entries {
            let record = try values.decode(ShardRecord.self, entry)
            records[record.shard] = SeenRecord(record: record, revision: entry.revision)
        }
        return records
    }

    /// What became of a proposal, and the slot map that the same transaction saw.
    package struct ProposalResult: Sendable {
        package var outcome: ProposalOutcome
        /// nil when the outcome is unknown.
        package var map: Seen<SlotMap>?
    }

    /// Compares and swaps a shard's record: takeover, hand-over, in-sync set. One attempt, never repeated.
    /// - Throws: what surely was not written for another reason than a comparison; `ProposalOutcome.unknown` is
    ///   returned, not thrown.
    package func propose(
        _ proposal: ShardProposal,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> ProposalResult {
        let key = ClusterKeys.shard(proposal.record.shard)
        var compares: [CoordinatorCompare] = [.unchanged(key: key, revision: proposal.expectedRevision)]
        compares += Set(proposal.requiredSessions).sorted().map { .present(key: ClusterKeys.session($0)) }
        if let absent = proposal.absentSession { compares.append(.absent(key: ClusterKeys.session(absent))) }
        let outcome: CoordinatorOutcome
        do {
            outcome = try await backend.transact(
                compares,
                [.put(key: key, value: try values.encode(proposal.record, key))],
                reading: [ClusterKeys.map],
                timeout: timeout
            )
        } catch {
            guard error.code == .unknownOutcome else { throw error }
            return ProposalResult(outcome: .unknown, map: nil)
        }
        let map = try values.seen(SlotMap.self, outcome.entries[ClusterKeys.map])
        switch outcome {
        case .committed(let revision, _):
            return ProposalResult(outcome: .committed(revision: revision), map: map)
        case .conflict(_, let current):
            let found = try values.seen(ShardRecord.self, current[key])
            return ProposalResult(
                outcome: .conflict(SeenRecord(record: found.value, revision: found.revision)),
                map: map
            )
        }
    }
}
