/// One number about a store's files or memory: one line here is a field of the node's status and a metric.
package struct StorageMetric: Hashable, Sendable {
    /// In Prometheus' form, with its unit: `log_bytes`.
    package var name: String
    /// What it is, in a sentence.
    package var help: String
    package var value: UInt64

    package init(_ name: String, _ help: String, _ value: UInt64) {
        self.name = name
        self.help = help
        self.value = value
    }
}

extension ShardStore {
    /// Log, hot table and engine. Blocks for a moment; not while the store closes (`beginUse`).
    package func storageMetrics() -> [StorageMetric] {
        let status = self.status()
        let log = self.log.size
        return [
            StorageMetric("log_bytes", "Bytes of commit log that are kept.", log.bytes),
            StorageMetric(
                "disk_free_bytes",
                "Bytes free on the disk of the log.",
                Self.count(self.log.folder.freeBytes())
            ),
            StorageMetric("log_segments", "Files of the commit log in use.", UInt64(log.segments)),
            StorageMetric(
                "unapplied_bytes",
                "Bytes that are committed and not in the engine yet.",
                Self.count(status.unappliedBytes)
            ),
            StorageMetric(
                "hot_table_bytes",
                "Bytes of the table in memory before the engine.",
                Self.count(status.hotBytes)
            ),
            StorageMetric("hot_table_entries", "Keys in the table in memory.", Self.count(status.hotEntries)),
            StorageMetric(
                "sync_microseconds",
                "What a sync of the log takes, a moving average.",
                UInt64(max(0, status.syncMicroseconds))
            ),
            StorageMetric(
                "engine_oldest_view_seconds",
                "Age of the oldest view of the engine that is being read in.",
                views.oldestAge / 1_000_000_000
            ),
            StorageMetric("engine_views", "Views of the engine that are kept.", Self.count(views.count)),
            StorageMetric(
                "engine_read_microseconds",
                "What a read of the engine takes, a moving average.",
                UInt64(max(0, enginePace.microseconds))
            ),
        ] + engine.metrics
    }

    private static func count(_ value: Int) -> UInt64 { UInt64(max(0, value)) }
}
