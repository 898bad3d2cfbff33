import FoundationEssentials
import Replication
import Routing
import Storage

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

    /// A value with the revision to compare when it is changed; nil and 0 while there is none.
    package struct Seen<Value: Sendable>: Sendable {
        package var value: Value?
        package var revision: UInt64

        package init(value: Value?, revision: UInt64) {
            self.value = value
            self.revision = revision
        }
    }

    package func close() async { await backend.close() }

    // MARK: Reading

    /// Who coordinates and what; nil before the cluster began.
    package func identity(
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> ClusterIdentity? {
        try await value(ClusterKeys.identity, ClusterIdentity.self, timeout).value
    }

    package func slotMap(timeout: Duration = CoordinationLimits.timeout) async throws(CoordinationError) -> Seen<
        SlotMap
    > {
        try await value(ClusterKeys.map, SlotMap.self, timeout)
    }

    package func shard(
        _ name: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> SeenRecord {
        let seen = try await value(ClusterKeys.shard(name), ShardRecord.self, timeout)
        return SeenRecord(record: seen.value, revision: seen.revision)
    }

    /// The records of all shards that ever had a leader, by shard.
    package func shards(
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> [String: SeenRecord] {
        let range = try await backend.read(ClusterKeys.shards, isExact: false, timeout: timeout)
        var records: [String: SeenRecord] = [:]
        for entry in range.entries {
            let record = try decode(ShardRecord.self, entry)
            records[record.shard] = SeenRecord(record: record, revision: entry.revision)
        }
        return records
    }

    /// The notices of a shard's members that live, by member id.
    package func notices(
        of shard: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> [MemberNotice] {
        let range = try await backend.read(ClusterKeys.notices(of: shard), isExact: false, timeout: timeout)
        var notices: [MemberNotice] = []
        for entry in range.entries { notices.append(try decode(MemberNotice.self, entry)) }
        return notices
    }

    // MARK: JSON

    func value<Value: Decodable & Sendable>(
        _ key: String,
        _ type: Value.Type,
        _ timeout: Duration
    ) async throws(CoordinationError) -> Seen<Value> {
        let range = try await backend.read(key, isExact: true, timeout: timeout)
        return try seen(type, range.entries.first)
    }

    func seen<Value: Decodable & Sendable>(
        _ type: Value.Type,
        _ entry: CoordinatorEntry?
    ) throws(CoordinationError) -> Seen<Value> {
        guard let entry else { return Seen(value: nil, revision: 0) }
        return Seen(value: try decode(type, entry), revision: entry.revision)
    }

    func decode<Value: Decodable>(_ type: Value.Type, _ entry: CoordinatorEntry) throws(CoordinationError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(entry.value))
        } catch {
            let advice = "another program wrote it, or a newer Shoal; put it right or restore the coordinator's data"
            throw CoordinationError(.corrupt, "\(backend.place): \(entry.key) can't be read (\(error)): \(advice)")
        }
    }

    func encode(_ value: some Encodable, _ key: String) throws(CoordinationError) -> [UInt8] {
        do {
            return try JSONDocument.encode(value)
        } catch {
            throw CoordinationError(.corrupt, "\(key) can't be written as JSON: \(error)")
        }
    }
}
