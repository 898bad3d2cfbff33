/// What a shard owns by its log, and keys that come from other shards (docs/resharding.md).
extension ShardStore {
    /// What the shard owns, as of the commit position; nil while no record of the log has said so.
    package var owned: SlotOwnership? { lock.withLock { ownership } }

    /// Lock held.
    func publishOwnership(_ record: LogRecord, at position: Position) {
        // A batch whose checksum holds was made by `changeOwnership`; anything else says nothing.
        guard let next = SlotOwnership(record.value) else { return }
        ownership = next
        ownershipToSave = (next, position)
    }

    func saveOwnership(_ change: (SlotOwnership, at: Position)?) throws(StorageError) {
        guard let change else { return }
        try ownershipFile.write(change.0, at: change.at)
    }

    /// Says through the log what the shard owns from here on, and waits until that is committed. Blocks.
    /// - Parameter version: later writes get versions above it: those of another shard that are here now.
    /// - Returns: the record's position.
    /// - Throws: when nothing was appended, or its outcome is not known (then the term is over).
    package func changeOwnership(
        to next: SlotOwnership,
        above version: UInt64 = 0,
        port: StorePort
    ) throws(StorageError) -> Position {
        let value = next.encoded
        let lost = try append(bytes: value.count + LogRecord.headerBytes, port) {
            value.withUnsafeBytes { value in
                let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                open.append(LogRecord(kind: .ownership, slot: 0, key: nothing, value: value))
            }
            let last = lastSequence + UInt64(open.count)
            if version > last { open.skip(version - last) }
        }
        try finish(lost)
        return lock.withLock { commitPosition }
    }

    /// Puts keys of slots that the shard does not own yet into the log, with their versions, and waits until that is
    /// committed. Blocks.
    /// - Parameter body: calls its argument for each: slot, key, value (nil deletes), expiry, version. What is borrowed
    ///   need only live for that call.
    package func importKeys(
        bytes: Int,
        port: StorePort,
        _ body: ((UInt16, UnsafeRawBufferPointer, StoredValue?) -> Void) -> Void
    ) throws(StorageError) {
        var scratch: [UInt8] = []
        let lost = try append(bytes: bytes, port) {
            body { slot, key, value in
                guard let value else {
                    open.append(LogRecord(kind: .delete, slot: slot, key: key))
                    return
                }
                scratch.removeAll(keepingCapacity: true)
                for index in 0..<UInt64(LogRecord.importVersionBytes) {
                    scratch.append(UInt8(truncatingIfNeeded: value.version >> (8 * index)))
                }
                scratch.append(contentsOf: value.bytes)
                scratch.withUnsafeBytes { bytes in
                    let record = LogRecord(
                        kind: .importPut,
                        flags: value.flags,
                        slot: slot,
                        expiry: value.expiry,
                        key: key,
                        value: bytes
                    )
                    _ = open.append(record)
                }
            }
        }
        try finish(lost)
    }

    /// How long an append waits for the applier or a hand-over before it looks again, in milliseconds.
    private static let roomPause = 20

    /// - Returns: what `lostBatches` was.
    private func append(bytes: Int, _ port: StorePort, _ body: () -> Void) throws(StorageError) -> UInt64 {
        lock.lock()
        defer { lock.unlock() }
        while true {
            switch admit(bytes: bytes, port: port) {
            case .admitted:
                body()
                return lostBatches
            case .refused(let error): throw error
            case .wait:
                if isClosing { throw StorageError(.closed, "the shard is being stopped") }
                lock.waitForProgress(milliseconds: ShardStore.roomPause)
            }
        }
    }

    /// Commits what is queued, on this thread if nobody else does, and waits for it.
    private func finish(_ lost: UInt64) throws(StorageError) {
        flushCommits()
        try lock.withLock { () throws(StorageError) in
            if let failure { throw failure }
            guard lostBatches == lost else {
                throw StorageError(.notLeader, "the lead ended, or the disk was full, before the records were committed")
            }
        }
    }
}
