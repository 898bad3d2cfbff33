/// What a shard owns by its log (docs/resharding.md). The slot map rules, and the log follows it.
extension ShardStore {
    /// What the shard owns as of the commit position; nil while no record of the log has said so.
    package func ownedSlots() -> SlotOwnership? { lock.withLock { ownership } }

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

    /// Says through the log that the shard owns, and owns no longer, these slots beside what it owns already (at first
    /// nothing), and waits until that is committed. Blocks.
    /// - Parameters:
    ///   - mapVersion: of the slot map that it follows.
    ///   - term: of the lead in which this was decided.
    /// - Returns: the record's position.
    /// - Throws: `.notLeader` when the term is over, and the record may or may not be in the log; with any other code
    ///   nothing was appended.
    package func changeOwnership(
        own: SlotSet,
        disown: SlotSet,
        mapVersion: UInt64,
        term: UInt64,
        port: StorePort
    ) throws(StorageError) -> Position {
        let bytes = LogRecord.headerBytes + SlotOwnership.encodedBytesMax
        return try appendAndWait(bytes: bytes, term: term, port: port, mayBeUnacknowledged: true) {
            var slots = ownership?.slots ?? SlotSet()
            slots.formUnion(own)
            slots.subtract(disown)
            SlotOwnership(slots: slots, mapVersion: mapVersion).encoded.withUnsafeBytes { value in
                let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                _ = open.append(LogRecord(kind: .ownership, slot: 0, key: nothing, value: value))
            }
            return Position(term: self.term, sequence: lastQueuedVersion)
        }
    }

    /// No log has so many records: a peer that says so is broken, and a log that jumped there could not go on.
    package static let sequenceMax: UInt64 = 1 << 56

    /// Sees to it that whatever is appended from the return on has a higher sequence than `version`, which came with keys
    /// of another shard: the versions of a key only rise. Committed at the return. Blocks.
    /// - Parameter term: of the lead in which this was decided.
    /// - Returns: the commit position, at or behind `version`.
    /// - Throws: `.outOfRange` for a version that no log can have; otherwise as `changeOwnership`, and `.tooFewInSync` also
    ///   when it is committed on fewer disks than MinInSync asks for.
    package func jump(above version: UInt64, term: UInt64, port: StorePort) throws(StorageError) -> Position {
        guard version < ShardStore.sequenceMax else {
            throw StorageError(.outOfRange, "no log has a sequence of \(version)")
        }
        let reached = lock.withLock { isLeader && self.term == term && commitPosition.sequence >= version }
        if !reached {
            try appendAndWait(bytes: LogRecord.headerBytes, term: term, port: port) {
                _ = open.append(LogRecord(kind: .jump, slot: 0, key: UnsafeRawBufferPointer(start: nil, count: 0)))
                let last = lastQueuedVersion
                if version > last { open.skip(version - last) }
            }
        }
        return lock.withLock { commitPosition }
    }
}
