import CLMDB

/// A small ordered table in a file that several processes share: what the `local` coordinator keeps its keys in.
///
/// Transactions are atomic and (unless it is of one boot) durable, one writer at a time over all processes. At most one
/// per folder and process, as LMDB demands; whoever opens it sees to that.
package final class SharedTable: Sendable {
    package let folder: String
    private let environment: LMDBEnvironment

    /// Opens or creates the table in a folder that exists. Blocks on the disk, and on the file's lock.
    /// - Parameter isOfOneBoot: what is committed survives the death of processes and waits for no disk, but may not be
    ///   opened after another boot of the machine: a loss of power can damage it.
    package init(folder: String, isOfOneBoot: Bool = false) throws(StorageError) {
        self.folder = folder
        environment = try LMDBEnvironment(folder: folder, isSynced: !isOfOneBoot)
    }

    /// Begins a write transaction, for the calling thread only. Blocks, without a limit, until no thread or process has
    /// one: a process that was stopped in the middle of its own holds up all others, one that died does not.
    package func beginWrite() throws(StorageError) -> SharedTableTransaction {
        SharedTableTransaction(try LMDBTransaction(environment, readOnly: false))
    }

    /// A reader of the newest state, for one thread at a time.
    package func makeReader() throws(StorageError) -> SharedTableTransaction {
        SharedTableTransaction(try LMDBTransaction(environment, readOnly: true))
    }

    /// Frees what readers of dead processes hold, which keeps the file from growing. Returns their number.
    @discardableResult
    package func dropDeadReaders() throws(StorageError) -> Int {
        var dead: Int32 = 0
        try LMDBCode.check(mdb_reader_check(environment.handle, &dead), "cannot check the readers of \(folder)")
        return Int(dead)
    }
}

/// A transaction on a `SharedTable`; aborted when it goes away uncommitted. For one thread at a time.
package final class SharedTableTransaction {
    private let transaction: LMDBTransaction
    private let table: MDB_dbi

    init(_ transaction: LMDBTransaction) {
        self.transaction = transaction
        table = transaction.environment.values
    }

    /// A key's bytes, copied; nil if it is not there.
    package func get(_ key: [UInt8]) throws(StorageError) -> [UInt8]? {
        try key.withRawBytes { bytes throws(StorageError) in try transaction.get(table, bytes).map { Array($0) } }
    }

    /// Writes a value; `key` has 1 to 511 bytes.
    package func put(_ key: [UInt8], _ value: [UInt8]) throws(StorageError) {
        try key.withRawBytes { name throws(StorageError) in
            try value.withRawBytes { bytes throws(StorageError) in try transaction.put(table, name, bytes) }
        }
    }

    /// Deletes a key; false if it was not there.
    @discardableResult
    package func delete(_ key: [UInt8]) throws(StorageError) -> Bool {
        let cursor = try LMDBCursor(transaction, table: table)
        let found = try key.withRawBytes { bytes throws(StorageError) in try cursor.find(bytes) != nil }
        if found { try cursor.deleteCurrent() }
        return found
    }

    /// All keys that begin with `prefix`, in order, and their values, copied.
    package func entries(below prefix: [UInt8]) throws(StorageError) -> [(key: [UInt8], value: [UInt8])] {
        let cursor = try LMDBCursor(transaction, table: table)
        var entries: [(key: [UInt8], value: [UInt8])] = []
        var found = try prefix.withRawBytes { bytes throws(StorageError) in try cursor.seek(bytes) }
        while let (key, value) = found, key.bytes.starts(with: prefix) {
            entries.append((Array(key.bytes), Array(value.bytes)))
            found = try cursor.next()
        }
        return entries
    }

    /// Ends a write transaction, durable as the table is; nothing is stored if it throws.
    package func commit() throws(StorageError) { try transaction.commit() }

    /// Gives a write transaction up, or ends a reader.
    package func abort() { transaction.abort() }

    /// Moves a reader to the newest state.
    package func refresh() throws(StorageError) { try transaction.renew() }

    /// Lets a reader's state go until the next `refresh`, so that the file need not keep it.
    package func rest() { transaction.rest() }
}
