import CRocksDB

extension RocksDBDatabase {
    /// RocksDB's own properties, those that cost nothing to ask for (rocksdb/db.h).
    private static let properties: [(property: String, name: String, help: String)] = [
        ("rocksdb.live-sst-files-size", "engine_file_bytes", "Bytes of the engine's files."),
        (
            "rocksdb.cur-size-all-mem-tables", "engine_memtable_bytes",
            "Bytes that RocksDB holds in memory until a flush."
        ),
        ("rocksdb.block-cache-usage", "engine_block_cache_bytes", "Bytes of decompressed blocks in memory."),
        (
            "rocksdb.estimate-pending-compaction-bytes", "engine_pending_compaction_bytes",
            "Bytes that compactions have still to write."
        ), ("rocksdb.num-running-compactions", "engine_compactions", "Compactions under way."),
        ("rocksdb.num-files-at-level0", "engine_level0_files", "Table files that are not sorted in yet."),
    ]

    var metrics: [StorageMetric] {
        RocksDBDatabase.properties.compactMap { property, name, help in
            // As text: the call for whole numbers does not know those of one level.
            guard let text = rocksdb_property_value(handle, property) else { return nil }
            defer { rocksdb_free(text) }
            return UInt64(String(cString: text)).map { StorageMetric(name, help, $0) }
        }
    }
}
