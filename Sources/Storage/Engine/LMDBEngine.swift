import CLMDB
import Glibc
import Model
import Synchronization

/// `StorageEngine` on LMDB: a copy-on-write B+tree in a memory-mapped file. Every batch is one synced transaction, so
/// what is applied is durable; readers see pages of the file itself.
package final class LMDBEngine: StorageEngine {
    /// Keys deleted per transaction: a bounded amount of dirty pages, and a bounded pause for the writes after it.
    static let deleteChunkKeys = 8192

    private let environment: Mutex<LMDBEnvironment?>
    private let folder: String
    private let ledger: EngineLedger

    private init(_ environment: LMDBEnvironment, ledger: EngineLedger) {
        folder = environment.folder
        self.environment = Mutex(environment)
        self.ledger = ledger
    }

    /// Opens or creates the engine in `folder`. At most one engine per folder and process: the data folder's lock
    /// sees to it.
    package static func open(folder: String) throws(StorageError) -> LMDBEngine {
        try EngineOpener.prepare(folder: folder, for: .lmdb)
        try LMDBStructure.check("\(folder)/data.mdb")
        let environment = try LMDBEnvironment(folder: folder)
        let reading = try LMDBTransaction(environment, readOnly: true)
        if let meta = try reading.meta() {
            return LMDBEngine(environment, ledger: EngineLedger(meta: meta, counts: try reading.counts()))
        }
        reading.abort()
        let writing = try LMDBTransaction(environment, readOnly: false)
        try writing.write(EngineMeta())
        try writing.commit()
        let counts = [SlotCount](repeating: SlotCount(), count: StorageLimits.slotCount)
        return LMDBEngine(environment, ledger: EngineLedger(meta: EngineMeta(), counts: counts))
    }

    package var kind: EngineKind { .lmdb }
    package var appliedPosition: Position { ledger.meta.position }
    package var durablePosition: Position { ledger.meta.position }
    package var isComplete: Bool { ledger.meta.isComplete }
    package var metrics: [StorageMetric] { environment.withLock { $0 }?.metrics ?? [] }
    package var total: SlotCount { ledger.total }
    package func counts(of slots: ClosedRange<UInt16>) -> [SlotCount] { ledger.counts(of: slots) }

    package func apply(_ writes: UnsafeBufferPointer<EngineWrite>, position: Position) throws(StorageError) {
        var batch = try LMDBBatch(opened(), isChecked: ledger.isChecked)
        for write in writes { try batch.apply(write) }
        try batch.commit(ledger.meta(at: position), ledger: ledger)
    }

    package func deleteSlots(_ ranges: [ClosedRange<UInt16>], position: Position) throws(StorageError) {
        var left = ranges[...]
        repeat {
            var batch = try LMDBBatch(opened(), isChecked: ledger.isChecked)
            var room = Self.deleteChunkKeys
            while let slots = left.first, try batch.deleteKeys(of: slots, room: &room) { left.removeFirst() }
            var meta = ledger.meta
            if left.isEmpty { meta.position = position }
            try batch.commit(meta, ledger: ledger)
        } while !left.isEmpty
    }

    package func eraseAll() throws(StorageError) {
        let transaction = try LMDBTransaction(opened(), readOnly: false)
        let environment = transaction.environment
        for table in [environment.values, environment.expiries, environment.meta] {
            try LMDBCode.check(mdb_drop(transaction.handle, table, 0), "cannot empty the engine in \(folder)")
        }
        let meta = EngineMeta(position: .zero, isComplete: false)
        try transaction.write(meta)
        try transaction.commit()
        ledger.reset(meta: meta)
    }

    package func finishInstall(position: Position) throws(StorageError) {
        try LMDBBatch(opened(), isChecked: ledger.isChecked).commit(
            ledger.meta(at: position, isComplete: true),
            ledger: ledger
        )
    }

    /// Nothing to do: every transaction was synced.
    package func flush() throws(StorageError) { _ = try opened() }

    package func makeReader() throws(StorageError) -> any EngineReader { try LMDBReader(opened(), ledger: ledger) }

    package func makeSnapshot() throws(StorageError) -> any EngineSnapshot { try LMDBSnapshot(opened()) }

    package func expired(
        now: UInt64,
        limit: Int,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ expiry: UInt64) -> Bool
    ) throws(StorageError) {
        let transaction = try LMDBTransaction(opened(), readOnly: true)
        let cursor = try LMDBCursor(transaction, table: transaction.environment.expiries)
        var entry = try cursor.next()
        var found = 0
        while found < limit, let (key, whole) = entry, let due = ExpiryEntry(key: key.bytes, value: whole.bytes) {
            if due.expiry > now { break }
            if body(due.slot, due.key, due.expiry) { found += 1 }
            entry = try cursor.next()
        }
    }

    package func checkpoint(to folder: String) throws(StorageError) {
        let environment = try opened()
        guard mkdir(folder, 0o700) == 0 else { throw FolderListing.error(errno, "cannot create the folder \(folder)") }
        let code = mdb_env_copy2(environment.handle, folder, UInt32(MDB_CP_COMPACT))
        try LMDBCode.check(code, "cannot copy the engine in \(self.folder) to \(folder)")
        try FolderListing.sync(file: folder + "/data.mdb")
        try FolderListing.sync(folder)
    }

    package func close() { environment.withLock { $0 = nil } }

    private func opened() throws(StorageError) -> LMDBEnvironment {
        guard let environment = environment.withLock({ $0 }) else {
            throw StorageError(.closed, "the engine in \(folder) was closed")
        }
        return environment
    }
}
