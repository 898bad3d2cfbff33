import Model
import Replication
import Routing

/// The slot map at the coordinator, and what a change of slots' owners depends on: the map, the shards' records and a
/// document, together.
package struct ClusterPlacement: Sendable {
    let values: ClusterValues

    private var backend: any CoordinatorBackend { values.backend }

    /// The map alone.
    package func read(
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> Seen<SlotMap> {
        try await values.value(ClusterKeys.map, SlotMap.self, timeout)
    }

    /// Changes the slot map if it still has the revision, and the records named still have theirs.
    /// - Parameters:
    ///   - expected: the revision of the map that `map` was made from.
    ///   - records: shard to revision, for changes that depend on who leads (the terms are in the records).
    ///   - documents: written in the same transaction, such as a journal's next step: name, JSON, expected revision.
    /// - Returns: the new revision; nil when something had changed and nothing was written.
    package func replace(
        _ map: SlotMap,
        expected: UInt64,
        records: [String: UInt64] = [:],
        documents: [ClusterDocuments.Change] = [],
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> UInt64? {
        var compares: [CoordinatorCompare] = [.unchanged(key: ClusterKeys.map, revision: expected)]
        for (shard, revision) in records.sorted(by: { $0.key < $1.key }) {
            compares.append(.unchanged(key: ClusterKeys.shard(shard), revision: revision))
        }
        var operations = [
            CoordinatorOperation.put(key: ClusterKeys.map, value: try values.encode(map, ClusterKeys.map))
        ]
        for change in documents {
            compares.append(change.compare)
            operations.append(change.operation)
        }
        return try await values.change(compares, operations, timeout)
    }

    /// All as of one revision of the coordinator.
    package struct Snapshot: Sendable {
        package var map: Seen<SlotMap>
        /// By shard. In a conflict's, only those that were compared.
        package var records: [String: SeenRecord]
        package var document: Seen<[UInt8]>
    }

    /// What became of a change.
    package enum Outcome: Sendable {
        case committed(revision: UInt64)
        /// A comparison failed, and the change can't be written any more: what the transaction found instead.
        case conflict(Snapshot)
    }

    package func snapshot(
        document name: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> Snapshot {
        // One read of everything: reads of their own would be as of different revisions.
        let range = try await backend.read("", isExact: false, timeout: timeout)
        var entries: [String: CoordinatorEntry] = [:]
        for entry in range.entries { entries[entry.key] = entry }
        let shards = entries.keys.filter { $0.hasPrefix(ClusterKeys.shards) }
        return try snapshot(of: entries, shards: shards.map { String($0.dropFirst(ClusterKeys.shards.count)) }, name)
    }

    /// Writes the slot map, and the document if there is a next one, if map, document and the records named still have
    /// their revisions.
    /// - Parameters:
    ///   - expected: the revision of the map that `map` was made from.
    ///   - records: shard to revision; 0: there must be none.
    ///   - document: its name, the revision it must have, and its next JSON; nil: it is compared only.
    /// - Throws: `.unknownOutcome` when only a later read tells.
    package func replace(
        _ map: SlotMap,
        expected: UInt64,
        records: [String: UInt64],
        document: (name: String, expected: UInt64, json: [UInt8]?),
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> Outcome {
        let key = ClusterKeys.document(document.name)
        var compares: [CoordinatorCompare] = [
            .unchanged(key: ClusterKeys.map, revision: expected), .unchanged(key: key, revision: document.expected),
        ]
        for (shard, revision) in records.sorted(by: { $0.key < $1.key }) {
            compares.append(.unchanged(key: ClusterKeys.shard(shard), revision: revision))
        }
        var operations = [
            CoordinatorOperation.put(key: ClusterKeys.map, value: try values.encode(map, ClusterKeys.map))
        ]
        if let json = document.json { operations.append(.put(key: key, value: json)) }
        switch try await backend.transact(compares, operations, reading: [], timeout: timeout) {
        case .committed(let revision, _): return .committed(revision: revision)
        case .conflict(_, let current):
            return .conflict(try snapshot(of: current, shards: records.keys.sorted(), document.name))
        }
    }

    private func snapshot(
        of entries: [String: CoordinatorEntry],
        shards: [String],
        _ document: String
    ) throws(CoordinationError) -> Snapshot {
        var records: [String: SeenRecord] = [:]
        for shard in shards {
            let record = try values.seen(ShardRecord.self, entries[ClusterKeys.shard(shard)])
            records[shard] = SeenRecord(record: record.value, revision: record.revision)
        }
        let entry = entries[ClusterKeys.document(document)]
        return Snapshot(
            map: try values.seen(SlotMap.self, entries[ClusterKeys.map]),
            records: records,
            document: Seen(value: entry?.value, revision: entry?.revision ?? 0)
        )
    }
}
