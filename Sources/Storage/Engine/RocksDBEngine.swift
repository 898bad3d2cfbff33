import CRocksDB
import Model
import Synchronization

/// `StorageEngine` on RocksDB: a log-structured merge tree. Its own write-ahead log is off, since the shard's commit
/// log is one: what was applied after the last flush is lost in a crash, together with the position it moved.
package final class RocksDBEngine: StorageEngine {
    /// Index entries deleted per write: a bounded batch in memory.
    static let deleteChunkKeys = 8192

    private let database: Mutex<RocksDBDatabase?>
    private let folder: String
    private let ledger: EngineLedger
    private let runLimits: TableRunPlan.Limits

    private init(_ database: RocksDBDatabase, ledger: EngineLedger, runLimits: TableRunPlan.Limits) {
        folder = database.folder
        self.database = Mutex(database)
        self.ledger = ledger
        self.runLimits = runLimits
    }

    /// Reading a value of this length takes a multiple of a second look-up.
    package static let apartBytesMin = 64 << 10

    /// Opens or creates the engine in `folder`.
    /// - Parameters:
    ///   - runLimits: what of a batch goes to table files of its own.
    ///   - apartBytesMin: values of this length and longer are written apart from their keys.
    package static func open(
        folder: String,
        runLimits: TableRunPlan.Limits = TableRunPlan.Limits(),
        apartBytesMin: Int = RocksDBEngine.apartBytesMin
    ) throws(StorageError) -> RocksDBEngine {
        try EngineOpener.prepare(folder: folder, for: .rocksdb)
        try RocksDBManifest.mend(folder)
        try RocksDBIngestion.prepare(folder)
        let database = try RocksDBDatabase(folder: folder, apartBytesMin: apartBytesMin)
        let meta = try database.meta(database.readOptions)
        let ledger = EngineLedger(meta: meta ?? EngineMeta(), counts: try database.counts())
        if meta == nil {
            try RocksDBBatch(database).commit(EngineMeta(), ledger: ledger)
            try database.flush()
        }
        return RocksDBEngine(database, ledger: ledger, runLimits: runLimits)
    }

    package var kind: EngineKind { .rocksdb }
    package var appliedPosition: Position { ledger.meta.position }
    package var durablePosition: Position { ledger.durable }
    package var isComplete: Bool { ledger.meta.isComplete }
    package var metrics: [StorageMetric] { database.withLock { $0 }?.metrics ?? [] }
    package var total: SlotCount { ledger.total }
    package func counts(of slots: ClosedRange<UInt16>) -> [SlotCount] { ledger.counts(of: slots) }

    package func apply(_ writes: UnsafeBufferPointer<EngineWrite>, position: Position) throws(StorageError) {
        let database = try opened()
        let plan = TableRunPlan(writes, runLimits) { slot in ledger.counts(of: slot...slot)[0].keys == 0 }
        if !plan.runs.isEmpty {
            var ingestion = RocksDBIngestion(database)
            for run in plan.runs { try ingestion.add(writes[run]) }
            try ingestion.commit(ledger: ledger)
        }
        var batch = RocksDBBatch(database)
        for part in plan.rest(of: writes.count) {
            for at in part { try batch.apply(writes[at]) }
        }
        try batch.commit(ledger.meta(at: position), ledger: ledger)
    }

    /// The keys of a range go by one tombstone; only those that expire have to be looked at, for their index entries.
    package func deleteSlots(_ ranges: [ClosedRange<UInt16>], position: Position) throws(StorageError) {
        let before = ledger.meta.position
        for slots in ranges { try deleteSlots(slots, position: slots == ranges.last ? position : before) }
    }

    private func deleteSlots(_ slots: ClosedRange<UInt16>, position: Position) throws(StorageError) {
        let database = try opened()
        var batch = RocksDBBatch(database)
        let hasKeys = try deleteExpiries(of: slots, database, &batch)
        let start = RocksDBDatabase.start(of: slots)
        let end = RocksDBDatabase.end(of: slots)
        let (apartStart, apartEnd) = RocksDBDatabase.apartBounds(of: slots)
        for (at, count) in ledger.counts(of: slots).enumerated() where count.keys != 0 {
            let slot = slots.lowerBound + UInt16(at)
            batch.count(slot: slot, keys: -Int64(count.keys), bytes: -Int64(count.bytes))
        }
        // A target clears before each of its moves, and has nothing there but after a broken one. A tombstone over nothing
        // would still keep what is copied in after it from being taken over as it is.
        if hasKeys {
            batch.deleteRange(from: start, to: end)
            if try database.holdsApart(slots) { batch.deleteRange(from: apartStart, to: apartEnd) }
        }
        try batch.commit(ledger.meta(at: position), ledger: ledger)
        if hasKeys {
            database.suggestCompaction(from: start, to: end)
            database.suggestCompaction(from: apartStart, to: apartEnd)
        }
    }

    /// - Returns: whether the slots have keys at all.
    private func deleteExpiries(
        of slots: ClosedRange<UInt16>,
        _ database: RocksDBDatabase,
        _ batch: inout RocksDBBatch
    ) throws(StorageError) -> Bool {
        let snapshot = try RocksDBSnapshot(database)
        let cursor = RocksDBCursor(database, snapshot.options, end: RocksDBDatabase.end(of: slots))
        RocksDBDatabase.start(of: slots).withUnsafeBytes { cursor.seek($0) }
        let hasKeys = cursor.isValid
        var pending = 0
        while cursor.isValid {
            guard let record = EngineRecord(cursor.value) else {
                throw StorageError(.corrupt, "\(folder): a record is shorter than its header")
            }
            if record.value.expiry != 0 {
                batch.deleteExpiry(record.value.expiry, stored: cursor.key)
                pending += 1
            }
            if pending == Self.deleteChunkKeys {
                try batch.writeStep()
                pending = 0
            }
            cursor.next()
        }
        try cursor.checkEnd()
        return hasKeys
    }

    package func eraseAll() throws(StorageError) {
        let database = try opened()
        let batch = RocksDBBatch(database)
        let meta = EngineMeta(position: .zero, isComplete: false)
        if try !database.isVoid {
            batch.deleteRange(from: [0], to: [RocksDBDatabase.metaTable])
            batch.deleteRange(from: [RocksDBDatabase.apartTable], to: [RocksDBDatabase.apartTable + 1])
        }
        batch.deleteRange(from: [RocksDBDatabase.metaTable, 1], to: [RocksDBDatabase.metaTable, 2])
        batch.write(meta)
        try batch.writeStep()
        ledger.reset(meta: meta)
        try flush()
        database.suggestCompaction(from: [0], to: [RocksDBDatabase.apartTable + 1])
    }

    package func finishInstall(position: Position) throws(StorageError) {
        let batch = RocksDBBatch(try opened())
        try batch.commit(ledger.meta(at: position, isComplete: true), ledger: ledger)
        try flush()
    }

    package func flush() throws(StorageError) {
        try opened().flush()
        ledger.markDurable()
    }

    package func makeReader() throws(StorageError) -> any EngineReader { RocksDBReader(try opened(), ledger: ledger) }

    package func makeSnapshot() throws(StorageError) -> any EngineSnapshot { try RocksDBSnapshot(opened()) }

    package func expired(
        now: UInt64,
        limit: Int,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ expiry: UInt64) -> Bool
    ) throws(StorageError) {
        let database = try opened()
        let snapshot = try RocksDBSnapshot(database)
        let cursor = RocksDBCursor(database, snapshot.options, end: [RocksDBDatabase.expiryTable + 1])
        [RocksDBDatabase.expiryTable].withUnsafeBytes { cursor.seek($0) }
        var found = 0
        while found < limit, cursor.isValid {
            let key = UnsafeRawBufferPointer(rebasing: cursor.key[1...])
            guard let due = ExpiryEntry(key: key, value: cursor.value) else {
                throw StorageError(.corrupt, "\(folder): an entry of the expiry index is too short")
            }
            if due.expiry > now { break }
            if body(due.slot, due.key, due.expiry) { found += 1 }
            cursor.next()
        }
        try cursor.checkEnd()
    }

    package func checkpoint(to folder: String) throws(StorageError) {
        try opened().checkpoint(to: folder)
        try FolderListing.sync(folder)
    }

    package func close() { database.withLock { $0 = nil } }

    private func opened() throws(StorageError) -> RocksDBDatabase {
        guard let database = database.withLock({ $0 }) else {
            throw StorageError(.closed, "the engine in \(folder) was closed")
        }
        return database
    }
}

extension RocksDBDatabase {
    /// Whether there is neither a value nor an entry of the expiry index.
    fileprivate var isVoid: Bool {
        get throws(StorageError) {
            let snapshot = try RocksDBSnapshot(self)
            let cursor = RocksDBCursor(self, snapshot.options, end: [RocksDBDatabase.metaTable])
            [0].withUnsafeBytes { cursor.seek($0) }
            let isVoid = !cursor.isValid
            try cursor.checkEnd()
            return isVoid
        }
    }

    /// Writes the memtable to disk, synced, and waits for it.
    fileprivate func flush() throws(StorageError) {
        let options = rocksdb_flushoptions_create()
        defer { rocksdb_flushoptions_destroy(options) }
        rocksdb_flushoptions_set_wait(options, 1)
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_flush(handle, options, &failure)
        try RocksDBFailure.check(failure, "cannot flush the engine in \(folder)")
    }

    /// Links or copies the current files into a new folder, memtable included.
    fileprivate func checkpoint(to target: String) throws(StorageError) {
        var failure: UnsafeMutablePointer<CChar>?
        let checkpoint = rocksdb_checkpoint_object_create(handle, &failure)
        try RocksDBFailure.check(failure, "cannot copy the engine in \(folder)")
        defer { rocksdb_checkpoint_object_destroy(checkpoint) }
        // 0: always flush first; without a WAL the memtable would be missing from the copy.
        rocksdb_checkpoint_create(checkpoint, target, 0, &failure)
        try RocksDBFailure.check(failure, "cannot copy the engine in \(folder) to \(target)")
    }

    /// Lets background work give back the space of deleted ranges. Only a hint: a failure costs nothing but space.
    fileprivate func suggestCompaction(from start: [UInt8], to end: [UInt8]) {
        var failure: UnsafeMutablePointer<CChar>?
        start.withUnsafeBytes { start in
            end.withUnsafeBytes { end in
                rocksdb_suggest_compact_range(
                    handle,
                    start.characters,
                    start.count,
                    end.characters,
                    end.count,
                    &failure
                )
            }
        }
        rocksdb_free(failure)
    }
}
