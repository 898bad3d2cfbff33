import CRocksDB
import Model

/// An iterator over a range of keys, for one thread.
struct RocksDBCursor: ~Copyable {
    private let handle: OpaquePointer
    private let database: RocksDBDatabase
    private let options: OpaquePointer
    private let end: UnsafeMutableRawBufferPointer

    /// - Parameters:
    ///   - options: must outlive the cursor; its upper bound is the cursor's while that exists.
    ///   - end: the first key not to be seen.
    init(_ database: RocksDBDatabase, _ options: OpaquePointer, end: [UInt8]) {
        self.database = database
        self.options = options
        self.end = .allocate(byteCount: end.count, alignment: 1)
        self.end.copyBytes(from: end)
        let bound = UnsafeRawBufferPointer(self.end)
        rocksdb_readoptions_set_iterate_upper_bound(options, bound.characters, bound.count)
        handle = rocksdb_create_iterator(database.handle, options)
    }

    deinit {
        rocksdb_iter_destroy(handle)
        rocksdb_readoptions_set_iterate_upper_bound(options, nil, 0)
        end.deallocate()
    }

    var isValid: Bool { rocksdb_iter_valid(handle) != 0 }

    /// Valid until the cursor moves.
    var key: UnsafeRawBufferPointer {
        var length = 0
        let start = rocksdb_iter_key(handle, &length)
        return UnsafeRawBufferPointer(start: start, count: length)
    }

    /// Valid until the cursor moves.
    var value: UnsafeRawBufferPointer {
        var length = 0
        let start = rocksdb_iter_value(handle, &length)
        return UnsafeRawBufferPointer(start: start, count: length)
    }

    func seek(_ key: UnsafeRawBufferPointer) { rocksdb_iter_seek(handle, key.characters, key.count) }

    func next() { rocksdb_iter_next(handle) }

    /// A cursor also ends at an error: throws it, if there was one.
    func checkEnd() throws(StorageError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_iter_get_error(handle, &failure)
        try RocksDBFailure.check(failure, "cannot read from \(database.folder)")
    }
}

extension RocksDBDatabase {
    /// The first stored key of a slot range.
    static func start(of slots: ClosedRange<UInt16>) -> [UInt8] { bytes(slots.lowerBound) }

    /// The first stored key after a slot range; slots are below 0x4000, so there is always one.
    static func end(of slots: ClosedRange<UInt16>) -> [UInt8] {
        bytes(min(slots.upperBound, UInt16(StorageLimits.slotCount - 1)) + 1)
    }

    private static func bytes(_ slot: UInt16) -> [UInt8] { [UInt8(slot >> 8), UInt8(slot & 0xFF)] }
}
