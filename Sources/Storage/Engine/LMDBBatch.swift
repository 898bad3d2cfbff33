import CLMDB
import Model

/// One write transaction of an `LMDBEngine`: values, expiry index, counts and position change together.
struct LMDBBatch: ~Copyable {
    private let transaction: LMDBTransaction
    private let values: LMDBCursor
    private let expiries: LMDBCursor
    private let isChecked: Bool
    private var buffer = EngineKeyBuffer()
    private var changes = CountChanges()

    init(_ environment: LMDBEnvironment, isChecked: Bool) throws(StorageError) {
        self.isChecked = isChecked
        let transaction = try LMDBTransaction(environment, readOnly: false)
        let values = try LMDBCursor(transaction, table: environment.values)
        let expiries = try LMDBCursor(transaction, table: environment.expiries)
        self.transaction = transaction
        self.values = values
        self.expiries = expiries
    }

    mutating func apply(_ write: EngineWrite) throws(StorageError) {
        buffer.encode(slot: write.slot, key: write.key)
        let old = try previous(of: write)
        if let value = write.value {
            try put(value, key: write.key, old: old)
        } else if let old {
            try dropExpiry(old.expiry)
            if try values.find(UnsafeRawBufferPointer(buffer.key)) != nil { try values.deleteCurrent() }
        }
        let count = write.value?.bytes.count
        changes.replace(slot: write.slot, keyBytes: write.key.count, old: old?.bytes, new: count)
    }

    private func previous(of write: EngineWrite) throws(StorageError) -> (bytes: Int, expiry: UInt64)? {
        switch write.previous {
        case .absent: return nil
        case .present(let bytes, let expiry): return (bytes, expiry)
        case .unknown:
            guard let found = try values.find(UnsafeRawBufferPointer(buffer.key)) else { return nil }
            return try replaced(found)
        }
    }

    /// What is overwritten may be damaged: that mends it. Its length is believed if it can be one, its expiry is not.
    private func replaced(_ found: UnsafeRawBufferPointer) throws(StorageError) -> (bytes: Int, expiry: UInt64) {
        guard let record = record(found) else { throw damaged }
        let isSound = record.hasSoundHead(stored: UnsafeRawBufferPointer(buffer.key), isStrict: isChecked)
        return (record.value.bytes.count, isSound ? record.value.expiry : 0)
    }

    /// A record that may lie in memory of the transaction's own, where pages begin anywhere.
    private func record(_ found: UnsafeRawBufferPointer) -> EngineRecord? {
        found.count <= EngineRecord.headBytesMax + StorageLimits.valueBytesMax ? EngineRecord(found) : nil
    }

    private func put(
        _ value: StoredValue,
        key: UnsafeRawBufferPointer,
        old: (bytes: Int, expiry: UInt64)?
    ) throws(StorageError) {
        let head = EngineRecord.headBytes(key: key)
        let room = try values.reserve(UnsafeRawBufferPointer(buffer.key), byteCount: head + value.bytes.count)
        EngineRecord.encodeHead(of: value, key: key, stored: UnsafeRawBufferPointer(buffer.key), into: room)
        UnsafeMutableRawBufferPointer(rebasing: room[head...]).copyMemory(from: value.bytes)
        if let old, old.expiry != value.expiry { try dropExpiry(old.expiry) }
        guard value.expiry != 0, old?.expiry != value.expiry else { return }
        let entry = UnsafeRawBufferPointer(buffer.expiryKey(value.expiry))
        let whole = EngineKey.isLong(key) ? key : UnsafeRawBufferPointer(start: nil, count: 0)
        try expiries.reserve(entry, byteCount: whole.count).copyMemory(from: whole)
    }

    private func dropExpiry(_ expiry: UInt64) throws(StorageError) {
        guard expiry != 0 else { return }
        if try expiries.find(UnsafeRawBufferPointer(buffer.expiryKey(expiry))) != nil { try expiries.deleteCurrent() }
    }

    /// Deletes keys of the slots, at most `room`, which becomes so much less.
    /// - Returns: whether none is left.
    mutating func deleteKeys(of slots: ClosedRange<UInt16>, room: inout Int) throws(StorageError) -> Bool {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        buffer.encode(slot: slots.lowerBound, key: empty)
        var entry = try values.seek(UnsafeRawBufferPointer(buffer.key))
        while let (key, value) = entry {
            guard let slot = EngineKey.slot(of: key.bytes), let record = record(value.bytes) else { throw damaged }
            if slot > slots.upperBound { return true }
            if room == 0 { return false }
            let keyBytes = (record.longKey ?? EngineKey.inlineKey(of: key.bytes)).count
            changes.replace(slot: slot, keyBytes: keyBytes, old: record.value.bytes.count, new: nil)
            buffer.copy(stored: key.bytes)
            try dropExpiry(record.value.expiry)
            try values.deleteCurrent()
            room -= 1
            entry = try values.next()
        }
        return true
    }

    /// Stores counts and position and ends the transaction; the ledger follows once it is on disk.
    consuming func commit(_ meta: EngineMeta, ledger: EngineLedger) throws(StorageError) {
        let transaction = transaction
        let changes = changes
        try transaction.write(meta)
        for page in changes.pages {
            try transaction.write(page: page) { ledger.encode(page: page, after: changes, into: $0) }
        }
        try finish(transaction)
        ledger.commit(changes, meta: meta)
    }

    /// Cursors are freed by the commit itself unless closed before it, so they have to go first.
    private consuming func finish(_ transaction: LMDBTransaction) throws(StorageError) {
        _ = consume self
        try transaction.commit()
    }

    private var damaged: StorageError {
        StorageError(.corrupt, "\(transaction.environment.folder): a record has an impossible length")
    }
}

extension LMDBTransaction {
    /// Stores the engine's own record.
    func write(_ meta: EngineMeta) throws(StorageError) {
        try reserve(EngineMeta.key, byteCount: EngineMeta.byteCount) { meta.encode(into: $0) }
    }

    func write(page: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) throws(StorageError) {
        try reserve(EngineMeta.pageKey(page), byteCount: CountPage.byteCount, fill)
    }

    private func reserve(
        _ key: [UInt8],
        byteCount: Int,
        _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(StorageError) {
        try key.withRawBytes { bytes throws(StorageError) in
            var name = MDB_val(bytes)
            var value = MDB_val(mv_size: byteCount, mv_data: nil)
            let code = mdb_put(handle, environment.meta, &name, &value, UInt32(MDB_RESERVE))
            try LMDBCode.check(code, "cannot write to \(environment.folder)")
            fill(UnsafeMutableRawBufferPointer(start: value.mv_data, count: byteCount))
        }
    }
}
