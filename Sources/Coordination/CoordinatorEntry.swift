/// A key and its value as the coordinator had them at one revision.
package struct CoordinatorEntry: Hashable, Sendable {
    /// Below the cluster's prefix, such as `shards/shard0`.
    package var key: String
    package var value: [UInt8]
    /// The transaction that last wrote the key. Revisions rise over the whole coordinator, by at least 1 per change.
    package var revision: UInt64
    /// The session whose end deletes the key; nil if it stays.
    package var session: String?

    package init(key: String, value: [UInt8], revision: UInt64, session: String? = nil) {
        self.key = key
        self.value = value
        self.revision = revision
        self.session = session
    }
}

/// All entries below a prefix at one revision, by key.
package struct CoordinatorRange: Hashable, Sendable {
    package var entries: [CoordinatorEntry]
    /// The revision of the whole coordinator when it was read; the entries' own are not above it.
    package var revision: UInt64

    package init(entries: [CoordinatorEntry], revision: UInt64) {
        self.entries = entries
        self.revision = revision
    }
}
