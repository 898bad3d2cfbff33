import Model
import Storage

extension StoreFixture {
    /// Of the leadership that `init` and `reopen` take.
    var term: UInt64 { store.lock.withLock { store.term } }

    static func slots(_ ranges: ClosedRange<UInt16>...) -> SlotSet {
        var set = SlotSet()
        for range in ranges { set.insert(range) }
        return set
    }

    @discardableResult
    func own(
        _ own: SlotSet = SlotSet(),
        disown: SlotSet = SlotSet(),
        mapVersion: UInt64 = 1
    ) throws -> Position {
        try store.changeOwnership(own: own, disown: disown, mapVersion: mapVersion, term: term, port: port)
    }

    struct Import {
        var key: String
        /// nil deletes.
        var value: String?
        var version: UInt64
        var expiry: UInt64 = 0
    }

    func importKeys(_ entries: [Import], term: UInt64? = nil) throws {
        try store.importKeys(bytes: entries.count * 100, term: term ?? self.term, port: port) { add in
            for entry in entries {
                Array(entry.key.utf8).withUnsafeBytes { key in
                    guard let value = entry.value else { return add(StoreFixture.slot(entry.key), key, nil) }
                    Array(value.utf8).withUnsafeBytes { bytes in
                        let stored = StoredValue(version: entry.version, expiry: entry.expiry, bytes: bytes)
                        add(StoreFixture.slot(entry.key), key, stored)
                    }
                }
            }
        }
    }

    func versioned(_ key: String, pending: Bool = false) throws -> (value: String, version: UInt64)? {
        try StoreFixture.read(store, port, key, pending: pending)
    }

    func gate(_ slot: UInt16, isWrite: Bool) -> Admission.Gate {
        store.lock.withLock { store.gate(slot: slot, isWrite: isWrite, port: port) }
    }

    /// The batches behind `start`, as a leader ships them.
    func batches(after start: Position) throws -> [LogBatch] {
        let reader = try store.log.makeReader(after: start)
        var batches: [LogBatch] = []
        while let batch = try reader.next() { batches.append(batch) }
        return batches
    }
}
