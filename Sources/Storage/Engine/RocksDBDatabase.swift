import CRocksDB
import Glibc

/// An open RocksDB and its options. Closed (after a flush of what is in memory) when the last user has gone.
///
/// All tables share one column family, told apart by the first byte of the key: a flush then covers them together, so
/// any state found on disk is one batch boundary. (The C API flushes column families one by one.)
///
/// `@unchecked Sendable`: all fields are constants, and RocksDB guards the database itself.
final class RocksDBDatabase: @unchecked Sendable {
    /// First bytes of keys: values begin with their slot, which is below 0x4000.
    static let expiryTable: UInt8 = 0x50
    static let metaTable: UInt8 = 0x51
    /// Values that stand apart from their keys.
    static let apartTable: UInt8 = 0x52

    /// Writes in memory until a flush; bounds what the commit log has to repeat after a crash.
    static let memtableBytes = 32 << 20
    static let memtablesMax: Int32 = 3
    /// Decompressed blocks in memory. Small: the hot table in front of the engine is the cache.
    static let blockCacheBytes = 64 << 20
    static let bloomBitsPerKey = 10.0
    /// One flush and one compaction at a time: the machine's other threads serve.
    static let backgroundJobsMax: Int32 = 2
    /// Table files that are kept open: of few descriptors a sixteenth.
    static let openFilesMax: Int32 = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 64 }
        return min(512, max(32, Int32(clamping: limit.rlim_cur / 16)))
    }()
    /// Table files go to the disk as they are written, this much at a time: all of one at once would make the log's sync
    /// wait behind it.
    static let writtenBytesPerSync = 512 << 10
    /// What a compaction reads at a time. With RocksDB's hint to the system (`NORMAL`) it would be the device's read-ahead,
    /// 8 MiB on some, and the log's sync would wait behind it.
    static let compactionReadBytes = 256 << 10
    private static let hintNone: Int32 = 0
    /// RocksDB's own diagnostic files, not the WAL (which is off).
    static let infoLogsMax = 2
    static let infoLogBytesMax = 1 << 20

    let handle: OpaquePointer
    let folder: String
    let writeOptions: OpaquePointer
    let readOptions: OpaquePointer
    let options: OpaquePointer

    /// Values of this length and longer are written apart from their keys.
    let apartBytesMin: Int

    /// Opens or creates the database in a folder that exists.
    init(folder: String, apartBytesMin: Int) throws(StorageError) {
        let options = Self.makeOptions()
        var failure: UnsafeMutablePointer<CChar>?
        let opened = rocksdb_open(options, folder, &failure)
        guard failure == nil, let opened else {
            rocksdb_options_destroy(options)
            throw RocksDBFailure.take(failure, "cannot open the RocksDB engine in \(folder)")
        }
        handle = opened
        self.folder = folder
        self.apartBytesMin = apartBytesMin
        self.options = options
        writeOptions = rocksdb_writeoptions_create()
        rocksdb_writeoptions_disable_WAL(writeOptions, 1)
        readOptions = rocksdb_readoptions_create()
    }

    deinit {
        rocksdb_close(handle)
        rocksdb_writeoptions_destroy(writeOptions)
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_options_destroy(options)
    }

    private static func makeOptions() -> OpaquePointer {
        let options: OpaquePointer = rocksdb_options_create()
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_write_buffer_size(options, memtableBytes)
        rocksdb_options_set_max_write_buffer_number(options, memtablesMax)
        rocksdb_options_set_max_background_jobs(options, backgroundJobsMax)
        rocksdb_options_set_max_open_files(options, openFilesMax)
        rocksdb_options_set_bytes_per_sync(options, UInt64(writtenBytesPerSync))
        rocksdb_options_compaction_readahead_size(options, compactionReadBytes)
        rocksdb_options_set_access_hint_on_compaction_start(options, hintNone)
        rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
        rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
        rocksdb_options_set_keep_log_file_num(options, infoLogsMax)
        rocksdb_options_set_max_log_file_size(options, infoLogBytesMax)
        rocksdb_options_set_info_log_level(options, 2)
        rocksdb_options_set_stats_dump_period_sec(options, 0)
        rocksdb_options_set_stats_persist_period_sec(options, 0)
        // Opening must not read every table file: a node with many of them would take minutes to start.
        rocksdb_options_set_skip_stats_update_on_db_open(options, 1)
        rocksdb_options_set_skip_checking_sst_file_sizes_on_db_open(options, 1)
        // The options take a copy. Kept, this would keep the cache and its blocks, anew at each start of the shard.
        let table = makeTableOptions()
        rocksdb_options_set_block_based_table_factory(options, table)
        rocksdb_block_based_options_destroy(table)
        return options
    }

    /// The table factory shares ownership of cache and filter with the objects made here.
    private static func makeTableOptions() -> OpaquePointer {
        let table: OpaquePointer = rocksdb_block_based_options_create()
        let cache: OpaquePointer = rocksdb_cache_create_lru(blockCacheBytes)
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_cache_destroy(cache)
        rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(bloomBitsPerKey))
        rocksdb_block_based_options_set_format_version(table, 5)
        return table
    }
}

/// Errors in RocksDB's form: a message that the caller must free.
enum RocksDBFailure {
    static func take(_ text: UnsafeMutablePointer<CChar>?, _ doing: String) -> StorageError {
        guard let text else { return StorageError(.engine, "\(doing): RocksDB gave no reason") }
        defer { rocksdb_free(text) }
        let message = String(cString: text)
        let code: StorageError.Code =
            if message.contains("No space left") || message.contains("quota exceeded") {
                .diskFull
            } else if message.hasPrefix("Corruption") {
                .corrupt
            } else if message.contains("lock") && message.hasPrefix("IO error") {
                .locked
            } else if message.hasPrefix("IO error") {
                .io
            } else {
                .engine
            }
        return StorageError(code, "\(doing): RocksDB: \(message)")
    }

    @inline(__always)
    static func check(
        _ text: UnsafeMutablePointer<CChar>?,
        _ doing: @autoclosure () -> String
    ) throws(StorageError) {
        if let text { throw take(text, doing()) }
    }
}

extension UnsafeRawBufferPointer {
    /// As RocksDB takes bytes. For buffers without bytes the pointer is never followed.
    var characters: UnsafePointer<CChar>? { baseAddress?.assumingMemoryBound(to: CChar.self) }
}
