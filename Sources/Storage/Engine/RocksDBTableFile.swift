import CCRC32C
import CRocksDB
import Glibc

/// A sorted table file, written beside the tree, which then takes it over. Whoever made it removes it when it was not.
///
/// Source: RocksDB's wiki, "Creating and Ingesting SST files".
struct RocksDBTableFile: ~Copyable {
    private let path: String
    private let handle: OpaquePointer
    private let environment: OpaquePointer
    /// Head and value of a record, which the writer takes as one.
    private var record: [UInt8] = []
    /// The same file, for `writeOut`; the writer has no option for that.
    private let descriptor: Int32
    private var putBytes = 0

    init(_ database: RocksDBDatabase, path: String) throws(StorageError) {
        self.path = path
        environment = rocksdb_envoptions_create()
        handle = rocksdb_sstfilewriter_create(environment, database.options)
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_sstfilewriter_open(handle, path, &failure)
        descriptor = failure == nil ? open(path, O_RDWR | O_CLOEXEC) : -1
        try RocksDBFailure.check(failure, "cannot write \(path)")
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        rocksdb_sstfilewriter_destroy(handle)
        rocksdb_envoptions_destroy(environment)
    }

    /// Appends a key, which must be after all before it.
    mutating func put(
        _ key: UnsafeRawBufferPointer,
        head: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer
    ) throws(StorageError) {
        record.removeAll(keepingCapacity: true)
        record.append(contentsOf: head)
        record.append(contentsOf: value)
        let file = handle
        var failure: UnsafeMutablePointer<CChar>?
        record.withUnsafeBytes { record in
            rocksdb_sstfilewriter_put(file, key.characters, key.count, record.characters, record.count, &failure)
        }
        try RocksDBFailure.check(failure, "cannot write \(path)")
        putBytes += record.count
        if putBytes >= RocksDBDatabase.writtenBytesPerSync { writeOut() }
    }

    /// Has the system begin to write what the file has so far: all of it at the end would make the log's sync wait behind
    /// it. No promise, so no error either: `finish` syncs.
    private mutating func writeOut() {
        putBytes = 0
        if descriptor >= 0 { _ = shoal_begin_writing(descriptor) }
    }

    /// Appends the deletion of a key, which must be after all before it.
    func delete(_ key: UnsafeRawBufferPointer) throws(StorageError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_sstfilewriter_delete(handle, key.characters, key.count, &failure)
        try RocksDBFailure.check(failure, "cannot write \(path)")
    }

    /// Ends and syncs the file.
    func finish() throws(StorageError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_sstfilewriter_finish(handle, &failure)
        try RocksDBFailure.check(failure, "cannot write \(path)")
    }
}
