import CLMDB
import Model

/// Point reads in one read transaction, kept and renewed. A reader that is never refreshed keeps LMDB from reusing
/// the pages of its state: refresh it at least every few seconds, or close it.
package final class LMDBReader: EngineReader {
    /// Let go at `close`, so that the engine's files can close too.
    private var transaction: LMDBTransaction?
    private let values: MDB_dbi
    private let ledger: EngineLedger
    private var checks: LMDBChecks
    private var buffer = EngineKeyBuffer()

    init(_ environment: LMDBEnvironment, ledger: EngineLedger) throws(StorageError) {
        self.ledger = ledger
        // Before the transaction begins: what it shows is newer.
        checks = LMDBChecks(
            folder: environment.folder,
            pageBytes: environment.pageBytes,
            isStrict: ledger.isChecked
        )
        transaction = try LMDBTransaction(environment, readOnly: true)
        values = environment.values
    }

    package func rest() { transaction?.rest() }

    package func refresh() throws(StorageError) {
        guard let transaction else {
            throw StorageError(.closed, "an engine's reader was used after it was closed")
        }
        checks.isStrict = ledger.isChecked
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
        let stored = UnsafeRawBufferPointer(buffer.key)
        guard let bytes = try transaction.get(values, stored) else {
            try checks.checkMiss(transaction, stored)
            return false
        }
        let record = try checks.record(bytes, stored: stored)
        try record.checkValue(stored: stored, folder: checks.folder)
        body(record.value)
        return true
    }

    package func close() { transaction = nil }
}

/// A frozen state: one read transaction.
package final class LMDBSnapshot: EngineSnapshot {
    package let position: Position
    private var transaction: LMDBTransaction?
    private let checks: LMDBChecks

    init(_ environment: LMDBEnvironment) throws(StorageError) {
        let transaction = try LMDBTransaction(environment, readOnly: true)
        self.transaction = transaction
        let meta = try transaction.meta()
        position = meta?.position ?? .zero
        checks = LMDBChecks(
            folder: environment.folder,
            pageBytes: environment.pageBytes,
            isStrict: meta?.isChecked ?? false
        )
    }

    package func scan(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
    ) throws(StorageError) {
        try walk(slots: slots, after: after) { stored, slot, key, record throws(StorageError) in
            try record.checkValue(stored: stored, folder: checks.folder)
            return body(slot, key, record.value)
        }
    }

    package func scanKeys(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ expiry: UInt64) -> Bool
    ) throws(StorageError) {
        try walk(slots: slots, after: after) { _, slot, key, record throws(StorageError) in
            body(slot, key, record.value.expiry)
        }
    }

    private func walk(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (
            _ stored: UnsafeRawBufferPointer, _ slot: UInt16, _ key: UnsafeRawBufferPointer, _ record: EngineRecord
        ) throws(StorageError) -> Bool
    ) throws(StorageError) {
        guard let transaction else {
            throw StorageError(.closed, "an engine's snapshot was used after it was closed")
        }
        let cursor = try LMDBCursor(transaction, table: transaction.environment.values)
        var buffer = EngineKeyBuffer()
        (after ?? []).withUnsafeBytes { buffer.encode(slot: slots.lowerBound, key: $0) }
        var before = UnsafeRawBufferPointer(buffer.key)
        var entry = try cursor.seek(before)
        if after != nil, let (key, _) = entry, isEqual(key.bytes, before) { entry = try cursor.next() }
        var isFirst = after == nil
        while let (key, value) = entry {
            let stored = key.bytes
            try checks.check(key: stored)
            // A damaged page leads to a wrong place, or around in a circle.
            guard compareKeys(stored, before) > 0 || isFirst && isEqual(stored, before),
                let slot = EngineKey.slot(of: stored)
            else { throw RecordDamage.error(stored: stored, folder: checks.folder, "it is not in order") }
            if slot > slots.upperBound { return }
            let record = try checks.record(value.bytes, stored: stored)
            guard try body(stored, slot, record.longKey ?? EngineKey.inlineKey(of: stored), record) else { return }
            before = stored
            isFirst = false
            entry = try cursor.next()
        }
    }

    package func close() { transaction = nil }
}
