import CRocksDB

/// One atomic write of a `RocksDBEngine`: values, expiry index, counts and position change together.
struct RocksDBBatch: ~Copyable {
    private let database: RocksDBDatabase
    private let handle: OpaquePointer
    private let head: UnsafeMutableRawBufferPointer
    private var buffer = EngineKeyBuffer()
    private var changes = CountChanges()

    init(_ database: RocksDBDatabase) {
        self.database = database
        handle = rocksdb_writebatch_create()
        head = .allocate(byteCount: EngineRecord.headBytesMax, alignment: 8)
    }

    deinit {
        rocksdb_writebatch_destroy(handle)
        head.deallocate()
    }

    mutating func apply(_ write: EngineWrite) throws(StorageError) {
        buffer.encode(slot: write.slot, key: write.key)
        let old = try database.previous(of: write, stored: UnsafeRawBufferPointer(buffer.key))
        if let value = write.value {
            put(value, key: write.key, old: old)
        } else if let old {
            dropExpiry(old.expiry)
            delete(UnsafeRawBufferPointer(buffer.key))
            if database.standsApart(old.bytes) { deleteApart() }
        }
        let count = write.value?.bytes.count
        changes.replace(slot: write.slot, keyBytes: write.key.count, old: old?.bytes, new: count)
    }

    private func put(_ value: StoredValue, key: UnsafeRawBufferPointer, old: (bytes: Int, expiry: UInt64)?) {
        let length = EngineRecord.headBytes(key: key)
        let isApart = database.standsApart(value.bytes.count)
        let stored = UnsafeRawBufferPointer(buffer.key)
        EngineRecord.encodeHead(of: value, key: key, stored: stored, isApart: isApart, into: head)
        if isApart {
            putApart(value, headBytes: length)
        } else {
            put(
                UnsafeRawBufferPointer(buffer.key),
                head: UnsafeRawBufferPointer(rebasing: head[..<length]),
                value: value.bytes
            )
            if let old, database.standsApart(old.bytes) { deleteApart() }
        }
        if let old, old.expiry != value.expiry { dropExpiry(old.expiry) }
        guard value.expiry != 0, old?.expiry != value.expiry else { return }
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        put(
            UnsafeRawBufferPointer(buffer.expiryKey(value.expiry, table: RocksDBDatabase.expiryTable)),
            head: EngineKey.isLong(key) ? key : empty,
            value: empty
        )
    }

    /// The value goes under a key of its own, after its version, which tells a reader whether both belong together.
    private func putApart(_ value: StoredValue, headBytes: Int) {
        withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { number in
            number.storeBytes(of: UInt64(value.bytes.count).littleEndian, as: UInt64.self)
            put(
                UnsafeRawBufferPointer(buffer.key),
                head: UnsafeRawBufferPointer(rebasing: head[..<headBytes]),
                value: UnsafeRawBufferPointer(number)
            )
            number.storeBytes(of: value.version.littleEndian, as: UInt64.self)
            RocksDBDatabase.apartKey(UnsafeRawBufferPointer(buffer.key)).withUnsafeBytes { key in
                put(key, head: UnsafeRawBufferPointer(number), value: value.bytes)
            }
        }
    }

    private func deleteApart() {
        RocksDBDatabase.apartKey(UnsafeRawBufferPointer(buffer.key)).withUnsafeBytes { delete($0) }
    }

    /// Head and value go into the batch as one value, without being joined first.
    private func put(_ key: UnsafeRawBufferPointer, head: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        var keyPart = key.characters
        var keyBytes = key.count
        withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: 2) { parts in
            withUnsafeTemporaryAllocation(of: Int.self, capacity: 2) { sizes in
                parts.initializeElement(at: 0, to: head.characters)
                parts.initializeElement(at: 1, to: value.characters)
                sizes.initializeElement(at: 0, to: head.count)
                sizes.initializeElement(at: 1, to: value.count)
                rocksdb_writebatch_putv(handle, 1, &keyPart, &keyBytes, 2, parts.baseAddress, sizes.baseAddress)
            }
        }
    }

    private func delete(_ key: UnsafeRawBufferPointer) {
        rocksdb_writebatch_delete(handle, key.characters, key.count)
    }

    private func dropExpiry(_ expiry: UInt64) {
        guard expiry != 0 else { return }
        delete(UnsafeRawBufferPointer(buffer.expiryKey(expiry, table: RocksDBDatabase.expiryTable)))
    }

    /// Takes the entry of a stored key out of the expiry index.
    mutating func deleteExpiry(_ expiry: UInt64, stored: UnsafeRawBufferPointer) {
        buffer.copy(stored: stored)
        dropExpiry(expiry)
    }

    /// Deletes a range of keys, without its end.
    func deleteRange(from start: [UInt8], to end: [UInt8]) {
        start.withUnsafeBytes { start in
            end.withUnsafeBytes { end in
                rocksdb_writebatch_delete_range(handle, start.characters, start.count, end.characters, end.count)
            }
        }
    }

    mutating func count(slot: UInt16, keys: Int64, bytes: Int64) { changes.add(slot: slot, keys: keys, bytes: bytes) }

    /// Writes the batch without counts or position: a step of a longer work that is repeated after a crash.
    func writeStep() throws(StorageError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_write(database.handle, database.writeOptions, handle, &failure)
        try RocksDBFailure.check(failure, "cannot write to \(database.folder)")
        rocksdb_writebatch_clear(handle)
    }

    /// Adds counts and position and writes the batch; the ledger follows.
    consuming func commit(_ meta: EngineMeta, ledger: EngineLedger) throws(StorageError) {
        write(meta)
        withUnsafeTemporaryAllocation(byteCount: CountPage.byteCount, alignment: 8) { page in
            for index in changes.pages {
                ledger.encode(page: index, after: changes, into: page)
                put(meta: EngineMeta.pageKey(index), UnsafeRawBufferPointer(page))
            }
        }
        try writeStep()
        ledger.commit(changes, meta: meta)
    }

    /// Stores the engine's own record.
    func write(_ meta: EngineMeta) {
        withUnsafeTemporaryAllocation(byteCount: EngineMeta.byteCount, alignment: 8) { bytes in
            meta.encode(into: bytes)
            put(meta: EngineMeta.key, UnsafeRawBufferPointer(bytes))
        }
    }

    private func put(meta key: [UInt8], _ value: UnsafeRawBufferPointer) {
        RocksDBDatabase.metaKey(key).withUnsafeBytes { key in
            rocksdb_writebatch_put(handle, key.characters, key.count, value.characters, value.count)
        }
    }
}
