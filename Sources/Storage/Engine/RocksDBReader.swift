import CRocksDB
import Model

extension RocksDBDatabase {
    static func metaKey(_ key: [UInt8]) -> [UInt8] { [metaTable] + key }

    /// Calls `body` with the value under a stored key; its bytes are pinned in RocksDB for the call.
    /// - Returns: whether there is one.
    @inline(__always)
    func get(
        _ stored: UnsafeRawBufferPointer,
        isStrict: Bool,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool {
        var apart: ApartHead?
        let isThere = try whole(stored, isStrict, body, isApart: { apart = $0 })
        guard let apart else { return isThere }
        return try getApart(stored, apart, isStrict: isStrict, body)
    }

    /// One look-up of the record.
    /// - Returns: whether it is there.
    @inline(__always)
    func whole(
        _ stored: UnsafeRawBufferPointer,
        _ isStrict: Bool,
        _ body: (StoredValue) -> Void,
        isApart: (ApartHead) -> Void
    ) throws(StorageError) -> Bool {
        try pinned(stored, readOptions) { bytes throws(StorageError) in
            let record = try EngineRecord.sound(bytes, stored: stored, isStrict: isStrict, folder: folder)
            if record.apartLength != nil { return isApart(ApartHead(record)) }
            try record.checkValue(stored: stored, folder: folder)
            body(record.value)
        }
    }

    /// What a write replaces, nil if nothing: as the caller says, or as the engine has it under the stored key.
    func previous(
        of write: EngineWrite,
        stored: UnsafeRawBufferPointer
    ) throws(StorageError) -> (bytes: Int, expiry: UInt64)? {
        switch write.previous {
        case .absent: return nil
        case .present(let bytes, let expiry): return (bytes, expiry)
        case .unknown:
            var found: (bytes: Int, expiry: UInt64)?
            _ = try pinned(stored, readOptions) { bytes throws(StorageError) in
                guard let record = EngineRecord(bytes) else {
                    throw RecordDamage.error(stored: stored, folder: folder, "it is shorter than its header")
                }
                found = (record.length, record.value.expiry)
            }
            return found
        }
    }

    @inline(__always)
    func pinned(
        _ key: UnsafeRawBufferPointer,
        _ options: OpaquePointer,
        _ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void
    ) throws(StorageError) -> Bool {
        var failure: UnsafeMutablePointer<CChar>?
        let slice = rocksdb_get_pinned(handle, options, key.characters, key.count, &failure)
        try RocksDBFailure.check(failure, "cannot read from \(folder)")
        guard let slice else { return false }
        defer { rocksdb_pinnableslice_destroy(slice) }
        var length = 0
        let start = rocksdb_pinnableslice_value(slice, &length)
        try body(UnsafeRawBufferPointer(start: start, count: length))
        return true
    }

    /// The engine's own record, nil in a new engine.
    func meta(_ options: OpaquePointer) throws(StorageError) -> EngineMeta? {
        var meta: EngineMeta?
        let key = Self.metaKey(EngineMeta.key)
        _ = try key.withRawBytes { key throws(StorageError) in
            try pinned(key, options) { bytes throws(StorageError) in meta = try EngineMeta(bytes, folder: folder) }
        }
        return meta
    }

    /// The counts of all slots; pages never written are zero.
    func counts() throws(StorageError) -> [SlotCount] {
        var counts = [SlotCount](repeating: SlotCount(), count: StorageLimits.slotCount)
        for page in 0..<CountPage.count {
            let key = Self.metaKey(EngineMeta.pageKey(page))
            _ = try key.withRawBytes { key throws(StorageError) in
                try pinned(key, readOptions) { bytes throws(StorageError) in
                    try CountPage.decode(bytes, page: page, into: &counts, folder: folder)
                }
            }
        }
        return counts
    }
}

/// Point reads at the newest state: RocksDB needs no transaction for them, so `refresh` has nothing to do.
package final class RocksDBReader: EngineReader {
    private var database: RocksDBDatabase?
    private let ledger: EngineLedger
    private var buffer = EngineKeyBuffer()

    init(_ database: RocksDBDatabase, ledger: EngineLedger) {
        self.database = database
        self.ledger = ledger
    }

    package func refresh() throws(StorageError) {
        if database == nil { throw StorageError(.closed, "an engine's reader was used after it was closed") }
    }

    /// It holds no state.
    package func rest() {}

    package func withValue(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool {
        guard let database else {
            throw StorageError(.closed, "an engine's reader was used after it was closed")
        }
        buffer.encode(slot: slot, key: key)
        return try database.get(UnsafeRawBufferPointer(buffer.key), isStrict: ledger.isChecked, body)
    }

    package func close() { database = nil }
}

/// A frozen state: a sequence number that RocksDB keeps readable.
package final class RocksDBSnapshot: EngineSnapshot {
    package let position: Position
    /// Whether all records of this state have checksums.
    private let isStrict: Bool
    /// Let go at `close`, so that the engine's files can close too.
    private var database: RocksDBDatabase?
    /// Reads at this state; alive as long as the snapshot.
    let options: OpaquePointer
    private let handle: OpaquePointer?

    init(_ database: RocksDBDatabase) throws(StorageError) {
        self.database = database
        let handle = rocksdb_create_snapshot(database.handle)
        let options: OpaquePointer = rocksdb_readoptions_create()
        self.handle = handle
        self.options = options
        rocksdb_readoptions_set_snapshot(options, handle)
        // A scan must not push what point reads use out of the cache.
        rocksdb_readoptions_set_fill_cache(options, 0)
        do throws(StorageError) {
            let meta = try database.meta(options)
            position = meta?.position ?? .zero
            isStrict = meta?.isChecked ?? false
        } catch {
            rocksdb_readoptions_destroy(options)
            rocksdb_release_snapshot(database.handle, handle)
            throw error
        }
    }

    deinit {
        close()
        rocksdb_readoptions_destroy(options)
    }

    package func scan(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
    ) throws(StorageError) {
        try walk(slots: slots, after: after) { database, stored, slot, key, record throws(StorageError) in
            guard record.apartLength != nil else {
                try record.checkValue(stored: stored, folder: database.folder)
                return body(slot, key, record.value)
            }
            var goesOn = false
            let isThere = try database.apart(stored, ApartHead(record), options) { goesOn = body(slot, key, $0) }
            guard isThere else {
                throw StorageError(.corrupt, "\(database.folder): a value that stands apart from its key is missing")
            }
            return goesOn
        }
    }

    package func scanKeys(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ expiry: UInt64) -> Bool
    ) throws(StorageError) {
        try walk(slots: slots, after: after) { _, _, slot, key, record throws(StorageError) in
            body(slot, key, record.value.expiry)
        }
    }

    private func walk(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (
            RocksDBDatabase, UnsafeRawBufferPointer, UInt16, UnsafeRawBufferPointer, EngineRecord
        ) throws(StorageError) -> Bool
    ) throws(StorageError) {
        guard let database else {
            throw StorageError(.closed, "an engine's snapshot was used after it was closed")
        }
        let cursor = RocksDBCursor(database, options, end: RocksDBDatabase.end(of: slots))
        var buffer = EngineKeyBuffer()
        (after ?? []).withUnsafeBytes { buffer.encode(slot: slots.lowerBound, key: $0) }
        cursor.seek(UnsafeRawBufferPointer(buffer.key))
        if after != nil, cursor.isValid, cursor.key.elementsEqual(buffer.key) { cursor.next() }
        while cursor.isValid {
            let record = try EngineRecord.sound(
                cursor.value,
                stored: cursor.key,
                isStrict: isStrict,
                folder: database.folder
            )
            guard let slot = EngineKey.slot(of: cursor.key) else {
                throw StorageError(.corrupt, "\(database.folder): a key is shorter than its slot")
            }
            let key = record.longKey ?? EngineKey.inlineKey(of: cursor.key)
            guard try body(database, cursor.key, slot, key, record) else { return }
            cursor.next()
        }
        try cursor.checkEnd()
    }

    package func close() {
        if let database { rocksdb_release_snapshot(database.handle, handle) }
        database = nil
    }
}
