/// JSON documents of the program's other parts at the coordinator, such as the journal of a reshard.
package struct ClusterDocuments: Sendable {
    let values: ClusterValues

    private var backend: any CoordinatorBackend { values.backend }

    /// A document's next state.
    package struct Change: Hashable, Sendable {
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

        var compare: CoordinatorCompare {
            .unchanged(key: ClusterKeys.document(name), revision: expected)
        }

        var operation: CoordinatorOperation {
            let key = ClusterKeys.document(name)
            return json.map { .put(key: key, value: $0) } ?? .delete(key: key)
        }
    }

    /// A document's bytes.
    package func read(
        _ name: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> Seen<[UInt8]> {
        let range = try await backend.read(ClusterKeys.document(name), isExact: true, timeout: timeout)
        return Seen(value: range.entries.first?.value, revision: range.entries.first?.revision ?? 0)
    }

    /// All documents whose name begins with `prefix`, by name.
    package func all(
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
        _ documents: [Change],
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> UInt64? {
        try await values.change(documents.map(\.compare), documents.map(\.operation), timeout)
    }
}
