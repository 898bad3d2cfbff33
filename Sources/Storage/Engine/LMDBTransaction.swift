import CLMDB
import Glibc
import Model

/// A read or write transaction; aborted when it goes away uncommitted. For one thread at a time, a write transaction
/// for the thread that began it.
final class LMDBTransaction {
    let environment: LMDBEnvironment
    private(set) var handle: OpaquePointer?

    init(_ environment: LMDBEnvironment, readOnly: Bool) throws(StorageError) {
        self.environment = environment
        let flags = readOnly ? UInt32(MDB_RDONLY) : 0
        try LMDBCode.check(
            mdb_txn_begin(environment.handle, nil, flags, &handle),
            "cannot begin a transaction in \(environment.folder)"
        )
    }

    deinit { abort() }

    /// Ends a write transaction, synced to disk; nothing is stored if it throws.
    func commit() throws(StorageError) {
        let ending = handle
        handle = nil
        let code = mdb_txn_commit(ending)
        // LMDB takes a write cut short by a full disk for an I/O error.
        let isShort = code == EIO && !FolderListing.hasRoom(LMDBTransaction.shortWriteBytes, in: environment.folder)
        try LMDBCode.check(isShort ? ENOSPC : code, "cannot commit to \(environment.folder)")
    }

    /// More than one write of LMDB's takes: with so much room, it was not cut short by a full disk.
    private static let shortWriteBytes = 1 << 20

    func abort() {
        if let handle { mdb_txn_abort(handle) }
        handle = nil
    }

    /// Moves a read transaction to the newest state.
    func renew() throws(StorageError) {
        guard let handle else { throw closed }
        mdb_txn_reset(handle)
        try LMDBCode.check(mdb_txn_renew(handle), "cannot renew a read transaction in \(environment.folder)")
    }

    /// Lets a read transaction's state go; only `renew` may follow.
    func rest() {
        if let handle { mdb_txn_reset(handle) }
    }

    /// A key's bytes, nil if it is not there; valid as long as the transaction, or its next write.
    @inline(__always)
    func get(_ table: MDB_dbi, _ key: UnsafeRawBufferPointer) throws(StorageError) -> UnsafeRawBufferPointer? {
        guard let handle else { throw closed }
        var name = MDB_val(key)
        var found = MDB_val()
        let code = mdb_get(handle, table, &name, &found)
        if code == MDB_SUCCESS { return found.bytes }
        if code == MDB_NOTFOUND { return nil }
        throw LMDBCode(value: code).explained("cannot read from \(environment.folder)")
    }

    func put(
        _ table: MDB_dbi,
        _ key: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) throws(StorageError) {
        var name = MDB_val(key)
        var bytes = MDB_val(value)
        try LMDBCode.check(mdb_put(handle, table, &name, &bytes, 0), "cannot write to \(environment.folder)")
    }

    /// The engine's own record, nil in a new engine.
    func meta() throws(StorageError) -> EngineMeta? {
        let key = EngineMeta.key
        let found = try key.withRawBytes { bytes throws(StorageError) in try get(environment.meta, bytes) }
        guard let found else { return nil }
        return try EngineMeta(found, folder: environment.folder)
    }

    /// The counts of all slots; pages never written are zero.
    func counts() throws(StorageError) -> [SlotCount] {
        var counts = [SlotCount](repeating: SlotCount(), count: StorageLimits.slotCount)
        for page in 0..<CountPage.count {
            let key = EngineMeta.pageKey(page)
            let found = try key.withRawBytes { bytes throws(StorageError) in try get(environment.meta, bytes) }
            guard let found else { continue }
            try CountPage.decode(found, page: page, into: &counts, folder: environment.folder)
        }
        return counts
    }

    private var closed: StorageError {
        StorageError(.closed, "\(environment.folder): used after it was closed")
    }
}

/// A place in a table, closed before its transaction ends.
struct LMDBCursor: ~Copyable {
    private let handle: OpaquePointer
    private let transaction: LMDBTransaction

    init(_ transaction: LMDBTransaction, table: MDB_dbi) throws(StorageError) {
        var opened: OpaquePointer?
        let code = mdb_cursor_open(transaction.handle, table, &opened)
        guard code == MDB_SUCCESS, let opened else {
            throw LMDBCode(value: code).explained("cannot open a cursor in \(transaction.environment.folder)")
        }
        handle = opened
        self.transaction = transaction
    }

    deinit { mdb_cursor_close(handle) }

    /// Moves to the first key at or after `key`.
    @inline(__always)
    func seek(_ key: UnsafeRawBufferPointer) throws(StorageError) -> (key: MDB_val, value: MDB_val)? {
        try move(MDB_val(key), MDB_SET_RANGE)
    }

    @inline(__always)
    func next() throws(StorageError) -> (key: MDB_val, value: MDB_val)? { try move(MDB_val(), MDB_NEXT) }

    /// The entry before where `seek` went.
    func previous() throws(StorageError) -> (key: MDB_val, value: MDB_val)? { try move(MDB_val(), MDB_PREV) }

    func last() throws(StorageError) -> (key: MDB_val, value: MDB_val)? { try move(MDB_val(), MDB_LAST) }

    /// Moves to exactly `key`.
    @inline(__always)
    func find(_ key: UnsafeRawBufferPointer) throws(StorageError) -> UnsafeRawBufferPointer? {
        try move(MDB_val(key), MDB_SET_KEY)?.value.bytes
    }

    @inline(__always)
    private func move(_ start: MDB_val, _ how: MDB_cursor_op) throws(StorageError) -> (key: MDB_val, value: MDB_val)? {
        var key = start
        var value = MDB_val()
        let code = mdb_cursor_get(handle, &key, &value, how)
        if code == MDB_SUCCESS { return (key, value) }
        if code == MDB_NOTFOUND { return nil }
        throw LMDBCode(value: code).explained("cannot read from \(transaction.environment.folder)")
    }

    /// Makes room for a value, which the caller fills before the next call.
    @inline(__always)
    func reserve(_ key: UnsafeRawBufferPointer, byteCount: Int) throws(StorageError) -> UnsafeMutableRawBufferPointer {
        var name = MDB_val(key)
        var value = MDB_val(mv_size: byteCount, mv_data: nil)
        let code = mdb_cursor_put(handle, &name, &value, UInt32(MDB_RESERVE))
        try LMDBCode.check(code, "cannot write to \(transaction.environment.folder)")
        return UnsafeMutableRawBufferPointer(start: value.mv_data, count: byteCount)
    }

    /// Deletes the entry the cursor is at; `next` then finds the one after it.
    func deleteCurrent() throws(StorageError) {
        try LMDBCode.check(mdb_cursor_del(handle, 0), "cannot delete in \(transaction.environment.folder)")
    }
}
