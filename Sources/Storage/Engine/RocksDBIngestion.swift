import CRocksDB
import Glibc

/// The part of a batch that goes to table files (`TableRunPlan`): they, their entries in the expiry index and the counts
/// of their slots become the tree's in one step, durably. The position does not move: after a crash the log repeats what
/// is there already.
struct RocksDBIngestion: ~Copyable {
    /// Where files wait until they are taken over, below the engine's folder: the same disk, so that they need only be
    /// renamed. What a crash leaves there is removed at the next open.
    static let folderName = "ingest"

    private let database: RocksDBDatabase
    private var buffer = EngineKeyBuffer()
    private var changes = CountChanges()
    /// Of the expiry index: what is to be there, and what is not any more.
    private var expiries: [(key: [UInt8], isThere: Bool)] = []
    private var paths: [String] = []
    private let head: UnsafeMutableRawBufferPointer

    init(_ database: RocksDBDatabase) {
        self.database = database
        head = .allocate(byteCount: EngineRecord.headBytesMax, alignment: 8)
    }

    deinit {
        head.deallocate()
        // Gone already when they were taken over.
        for path in paths { unlink(path) }
    }

    /// Makes the folder for the files, and empties it.
    static func prepare(_ engineFolder: String) throws(StorageError) {
        let folder = "\(engineFolder)/\(folderName)"
        try DurableFolder.make(folder)
        for name in try FolderListing.names(in: folder) where unlink("\(folder)/\(name)") != 0 {
            throw FolderListing.error(errno, "cannot remove \(folder)/\(name)")
        }
    }

    /// Writes one run to a file of its own.
    mutating func add(_ writes: Slice<UnsafeBufferPointer<EngineWrite>>) throws(StorageError) {
        var file = try RocksDBTableFile(database, path: nextPath())
        // Values that stand apart, in the same order.
        var apart: RocksDBTableFile?
        for write in writes {
            guard let value = write.value else { continue }
            buffer.encode(slot: write.slot, key: write.key)
            let old = try database.previous(of: write, stored: UnsafeRawBufferPointer(buffer.key))
            let goesApart = database.standsApart(value.bytes.count)
            let leavesApart = !goesApart && database.standsApart(old?.bytes ?? 0)
            if apart == nil, goesApart || leavesApart { apart = try RocksDBTableFile(database, path: nextPath()) }
            let key = RocksDBDatabase.apartKey(UnsafeRawBufferPointer(buffer.key))
            if goesApart {
                try withNumber(value.version) { version throws(StorageError) in
                    try key.withRawBytes { key throws(StorageError) in
                        try apart?.put(key, head: version, value: value.bytes)
                    }
                }
            } else if leavesApart {
                try key.withRawBytes { key throws(StorageError) in try apart?.delete(key) }
            }
            try put(value, key: write.key, isApart: goesApart, into: &file)
            note(expiry: value.expiry, before: old?.expiry ?? 0)
            changes.replace(slot: write.slot, keyBytes: write.key.count, old: old?.bytes, new: value.bytes.count)
        }
        try file.finish()
        try apart?.finish()
    }

    /// The record of the key in `buffer`.
    private func put(
        _ value: StoredValue,
        key: UnsafeRawBufferPointer,
        isApart: Bool,
        into file: inout RocksDBTableFile
    ) throws(StorageError) {
        let stored = UnsafeRawBufferPointer(buffer.key)
        EngineRecord.encodeHead(of: value, key: key, stored: stored, isApart: isApart, into: head)
        let part = UnsafeRawBufferPointer(rebasing: head[..<EngineRecord.headBytes(key: key)])
        try withNumber(UInt64(value.bytes.count)) { length throws(StorageError) in
            try file.put(stored, head: part, value: isApart ? length : value.bytes)
        }
    }

    private func withNumber(
        _ number: UInt64,
        _ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void
    ) throws(StorageError) {
        var bytes = number.littleEndian
        try withUnsafePointer(to: &bytes) { pointer throws(StorageError) in
            try body(UnsafeRawBufferPointer(start: pointer, count: MemoryLayout<UInt64>.size))
        }
    }

    /// The index entries of the key in `buffer`.
    private mutating func note(expiry: UInt64, before: UInt64) {
        guard expiry != before else { return }
        for (expiry, isThere) in [(before, false), (expiry, true)] where expiry != 0 {
            expiries.append((Array(buffer.expiryKey(expiry, table: RocksDBDatabase.expiryTable)), isThere))
        }
    }

    /// Everything that was added becomes the tree's, counts included; the ledger follows.
    consuming func commit(ledger: EngineLedger) throws(StorageError) {
        try writeTail(ledger)
        try database.ingest(paths)
        ledger.commit(changes, meta: ledger.meta)
    }

    /// Index entries and counts: all after the slots, so that the files don't overlap.
    private mutating func writeTail(_ ledger: EngineLedger) throws(StorageError) {
        let pages = changes.pages
        // RocksDB takes no file without keys.
        guard !pages.isEmpty || !expiries.isEmpty else { return }
        var file = try RocksDBTableFile(database, path: nextPath())
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        expiries.sort { $0.key.lexicographicallyPrecedes($1.key) }
        for entry in expiries {
            try entry.key.withRawBytes { key throws(StorageError) in
                if entry.isThere { try file.put(key, head: empty, value: empty) } else { try file.delete(key) }
            }
        }
        var page = [UInt8](repeating: 0, count: CountPage.byteCount)
        for index in pages {
            page.withUnsafeMutableBytes { ledger.encode(page: index, after: changes, into: $0) }
            try RocksDBDatabase.metaKey(EngineMeta.pageKey(index)).withRawBytes { key throws(StorageError) in
                try page.withRawBytes { page throws(StorageError) in try file.put(key, head: empty, value: page) }
            }
        }
        try file.finish()
    }

    private mutating func nextPath() -> String {
        let path = "\(database.folder)/\(RocksDBIngestion.folderName)/\(paths.count).sst"
        paths.append(path)
        return path
    }
}

extension RocksDBDatabase {
    /// Takes finished files over, all or none; synced at return. Their keys are newer than all that is there.
    fileprivate func ingest(_ paths: [String]) throws(StorageError) {
        let options = rocksdb_ingestexternalfileoptions_create()
        defer { rocksdb_ingestexternalfileoptions_destroy(options) }
        rocksdb_ingestexternalfileoptions_set_move_files(options, 1)
        var failure: UnsafeMutablePointer<CChar>?
        let names = paths.map { strdup($0) }
        defer { for name in names { free(name) } }
        var list = names.map { UnsafePointer($0) }
        rocksdb_ingest_external_file(handle, &list, list.count, options, &failure)
        try RocksDBFailure.check(failure, "cannot add files to the engine in \(folder)")
    }
}
