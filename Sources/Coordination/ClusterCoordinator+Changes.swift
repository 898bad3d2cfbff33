import Replication
import Routing

extension ClusterCoordinator {
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
                [.put(key: key, value: try encode(proposal.record, key))],
                reading: [ClusterKeys.map],
                timeout: timeout
            )
        } catch {
            guard error.code == .unknownOutcome else { throw error }
            return ProposalResult(outcome: .unknown, map: nil)
        }
        let map = try seen(SlotMap.self, outcome.entries[ClusterKeys.map])
        switch outcome {
        case .committed(let revision, _):
            return ProposalResult(outcome: .committed(revision: revision), map: map)
        case .conflict(_, let current):
            let found = try seen(ShardRecord.self, current[key])
            return ProposalResult(
                outcome: .conflict(SeenRecord(record: found.value, revision: found.revision)),
                map: map
            )
        }
    }

    /// Changes the slot map if it still has the revision, and the records named still have theirs.
    /// - Parameters:
    ///   - expected: the revision of the map that `map` was made from.
    ///   - records: shard to revision, for changes that depend on who leads (the terms are in the records).
    ///   - documents: written in the same transaction, such as a journal's next step: name, JSON, expected revision.
    /// - Returns: the new revision; nil when something had changed and nothing was written.
    package func replaceSlotMap(
        _ map: SlotMap,
        expected: UInt64,
        records: [String: UInt64] = [:],
        documents: [DocumentChange] = [],
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> UInt64? {
        var compares: [CoordinatorCompare] = [.unchanged(key: ClusterKeys.map, revision: expected)]
        for (shard, revision) in records.sorted(by: { $0.key < $1.key }) {
            compares.append(.unchanged(key: ClusterKeys.shard(shard), revision: revision))
        }
        var operations = [CoordinatorOperation.put(key: ClusterKeys.map, value: try encode(map, ClusterKeys.map))]
        for change in documents {
            compares.append(change.compare)
            operations.append(change.operation)
        }
        return try await change(compares, operations, timeout)
    }

    // MARK: Documents

    /// A document's next state.
    package struct DocumentChange: Hashable, Sendable {
        package var name: String
        /// JSON; nil deletes.
        package var json: [UInt8]?
        /// The revision it must have; 0: it must not be there.
        package var expected: UInt64

        package init(name: String, json: [UInt8]?, expected: UInt64) {
            self.name = name
            self.json = json
            self.expected = expected
        }

        fileprivate var compare: CoordinatorCompare {
            .unchanged(key: ClusterKeys.document(name), revision: expected)
        }

        fileprivate var operation: CoordinatorOperation {
            let key = ClusterKeys.document(name)
            return json.map { .put(key: key, value: $0) } ?? .delete(key: key)
        }
    }

    /// A document's bytes.
    package func document(
        _ name: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> Seen<[UInt8]> {
        let range = try await backend.read(ClusterKeys.document(name), isExact: true, timeout: timeout)
        return Seen(value: range.entries.first?.value, revision: range.entries.first?.revision ?? 0)
    }

    /// All documents whose name begins with `prefix`, by name.
    package func documents(
        prefix: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> [(name: String, json: [UInt8], revision: UInt64)] {
        let range = try await backend.read(ClusterKeys.document(prefix), isExact: false, timeout: timeout)
        return range.entries.map { entry in
            (String(entry.key.dropFirst(ClusterKeys.documents.count)), entry.value, entry.revision)
        }
    }

    /// Changes documents in one transaction.
    /// - Returns: the new revision; nil when one had changed and nothing was written.
    package func change(
        _ documents: [DocumentChange],
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> UInt64? {
        try await change(documents.map(\.compare), documents.map(\.operation), timeout)
    }

    private func change(
        _ compares: [CoordinatorCompare],
        _ operations: [CoordinatorOperation],
        _ timeout: Duration
    ) async throws(CoordinationError) -> UInt64? {
        switch try await backend.transact(compares, operations, reading: [], timeout: timeout) {
        case .committed(let revision, _): revision
        case .conflict: nil
        }
    }
}
