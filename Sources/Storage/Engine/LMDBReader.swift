import CLMDB
import Model

/// Point reads in one read transaction, kept and renewed. A reader that is never refreshed keeps LMDB from reusing
/// the pages of its state: refresh it at least every few seconds, or close it.
package final class LMDBReader: EngineReader {
    /// Let go at `close`, so that the engine's files can close too.
    private var transaction: LMDBTransaction?
    private let values: MDB_dbi
    private var buffer = EngineKeyBuffer()

    init(_ environment: LMDBEnvironment) throws(StorageError) {
        transaction = try LMDBTransaction(environment, readOnly: true)
        values = environment.values
    }

    package func rest() { transaction?.rest() }

    package func refresh() throws(StorageError) {
        guard let transaction else {
            throw StorageError(.closed, "an engine's reader was used after it was closed")
        }
        try transaction.renew()
    }

    package func withValue(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool {
        guard let transaction else {
            throw StorageError(.closed, "an engine's reader was used after it was closed")
        }
        buffer.encode(slot: slot, key: key)
        guard let bytes = try transaction.get(values, UnsafeRawBufferPointer(buffer.key)) else { return false }
        guard let record = EngineRecord(bytes) else {
            let message = "\(transaction.environment.folder): a record of slot \(slot) is shorter than its header"
            throw StorageError(.corrupt, message)
        }
        body(record.value)
        return true
    }

    package func close() { transaction = nil }
}

/// A frozen state: one read transaction.
package final class LMDBSnapshot: EngineSnapshot {
    package let position: Position
    private var transaction: LMDBTransaction?

    init(_ environment: LMDBEnvironment) throws(StorageError) {
        let transaction = try LMDBTransaction(environment, readOnly: true)
        self.transaction = transaction
        position = try transaction.meta()?.position ?? .zero
    }

    package func scan(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
    ) throws(StorageError) {
        guard let transaction else {
            throw StorageError(.closed, "an engine's snapshot was used after it was closed")
        }
        let cursor = try LMDBCursor(transaction, table: transaction.environment.values)
        var buffer = EngineKeyBuffer()
        (after ?? []).withUnsafeBytes { buffer.encode(slot: slots.lowerBound, key: $0) }
        var entry = try cursor.seek(UnsafeRawBufferPointer(buffer.key))
        if after != nil, let (key, _) = entry, key.bytes.elementsEqual(buffer.key) { entry = try cursor.next() }
        while let (key, value) = entry {
            guard let slot = EngineKey.slot(of: key.bytes), let record = EngineRecord(value.bytes) else {
                throw StorageError(.corrupt, "\(transaction.environment.folder): a record is shorter than its header")
            }
            if slot > slots.upperBound { return }
            guard body(slot, record.longKey ?? EngineKey.inlineKey(of: key.bytes), record.value) else { return }
            entry = try cursor.next()
        }
    }

    package func close() { transaction = nil }
}
