import FoundationEssentials
import Model
import Storage

/// Values as a cluster keeps them at its coordinator: JSON, each under a key with a revision.
struct ClusterValues: Sendable {
    let backend: any CoordinatorBackend

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

    /// One transaction.
    /// - Returns: its revision; nil when a comparison failed and nothing was written.
    func change(
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
