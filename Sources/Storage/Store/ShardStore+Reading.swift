extension ShardStore {
    /// Finds the visible value of a key: hot table, then engine. Lock held; the port's own loop.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970; a value whose expiry has come is not there.
    ///   - pending: look at writes that are not committed yet, too. The answer must then wait for `openNumber`.
    ///   - body: called at most once; the bytes live only inside the call.
    /// - Returns: whether the key is there.
    @inline(__always)
    package func read(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        port: StorePort,
        now: UInt64,
        pending: Bool,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool {
        if pending, let found = readPending(key: key, hash: hash, now: now, body) { return found }
        if let entry = hot.find(key, hash: hash) {
            if entry.pointee.isDeleted || isExpired(entry.pointee.expiry, now) { return false }
            entry.pointee.isReferenced = true
            body(StoredValue(version: entry.pointee.version, expiry: entry.pointee.expiry, bytes: entry.value))
            return true
        }
        return try readEngine(slot: slot, key: key, hash: hash, port: port, now: now, body)
    }

    /// nil: no write in flight touches the key.
    private func readPending(
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        now: UInt64,
        _ body: (StoredValue) -> Void
    ) -> Bool? {
        if !open.isEmpty, let found = openIndex.find(key, hash: hash, in: open.bytes) {
            return answer(found.record, sequence: lastSequence + 1 + UInt64(found.ordinal), now, body)
        }
        if let batch = inFlight, let found = inFlightIndex.find(key, hash: hash, in: batch.bytes) {
            return answer(found.record, sequence: batch.firstSequence + UInt64(found.ordinal), now, body)
        }
        return nil
    }

    private func answer(
        _ record: LogRecord,
        sequence: UInt64,
        _ now: UInt64,
        _ body: (StoredValue) -> Void
    ) -> Bool {
        guard record.kind != .delete, !isExpired(record.expiry, now) else { return false }
        body(StoredValue(record, sequence: sequence))
        return true
    }

    /// A miss in the hot table is only an answer of the engine's if the loop's view is not older than the newest
    /// eviction (design.md: the trap), hence the generation check. For the same reason the value may be kept.
    private func readEngine(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        port: StorePort,
        now: UInt64,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool {
        if clearing.contains(slot) { return false }
        if isInstalling { throw StorageError(.closed, "a snapshot of the shard is being put in; try again later") }
        if port.readerGeneration != engineGeneration {
            try port.reader.refresh()
            port.readerGeneration = engineGeneration
        }
        var isLive = false
        _ = try port.reader.withValue(slot: slot, key: key) { value in
            if isExpired(value.expiry, now) { return }
            isLive = true
            body(value)
            hot.fill(key, slot: slot, hash: hash, value: value)
        }
        return isLive
    }

    @inline(__always)
    private func isExpired(_ expiry: UInt64, _ now: UInt64) -> Bool { expiry != 0 && expiry <= now }
}
