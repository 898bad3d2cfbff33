import Model

/// Which slots the shard serves, and which it owns by its log (docs/resharding.md): the gate that the node's resharding
/// sets, and the ownership as of the commit position. Keeps `ReadTable`, by which reads go without the lock, the same.
///
/// Guarded by the store's lock, but for the file, which is written by the applier or by a thread that has the store to
/// itself.
final class ServedSlots: @unchecked Sendable {
    // Sendable: all mutable state is guarded by the store's lock.
    private let table: ReadTable
    private let file: OwnershipFile
    @exclusivity(unchecked) private var slotGate = SlotGate()
    /// nil while no record of the log has said what the shard owns.
    private(set) var ownership: SlotOwnership? {
        didSet { table.setShown { ownership?.slots.contains($0) ?? true } }
    }
    /// What the file does not have yet. The applier writes it before the engine passes the record.
    private var unsaved: (SlotOwnership, at: Position)?

    init(table: ReadTable, file: OwnershipFile) {
        self.table = table
        self.file = file
    }

    // MARK: The gate. Lock held.

    /// - Returns: whether that changes anything.
    func setServing(_ serving: SlotServing?) -> Bool {
        guard serving != slotGate.serving else { return false }
        slotGate.set(serving)
        table.setServed(isGated: slotGate.isSet) {
            !slotGate.isSet || slotGate.admits(slot: $0, isWrite: false) == .serve
        }
        return true
    }

    /// Without a gate every slot is served. If a command is parked, the port is told when to ask again.
    @inline(__always)
    func gate(slot: UInt16, isWrite: Bool, port: StorePort) -> Admission.Gate {
        guard slotGate.isSet else { return .serve }
        let answer = slotGate.admits(slot: slot, isWrite: isWrite)
        if answer == .park { port.waitsForSlots = true }
        return answer
    }

    /// Slots whose keys the leader looks after by itself, as in deleting what has expired: not where a write would come
    /// between what is handed over, or into what is another shard's. nil: all of them.
    var tended: SlotSet? { slotGate.serving?.served ?? ownership?.slots }

    func tends(_ slot: UInt16) -> Bool {
        if slotGate.isSet { return slotGate.serves(slot) }
        return ownership?.slots.contains(slot) ?? true
    }

    // MARK: What the log says. Lock held.

    /// Whether the log says that the slot is another shard's.
    @inline(__always)
    func disowns(_ slot: UInt16) -> Bool {
        guard ownership != nil else { return false }
        return ownership?.slots.contains(slot) == false
    }

    /// A record of the log is committed.
    func publish(_ record: LogRecord, at position: Position) {
        // A batch whose checksum holds was made by `SlotTransfer`; anything else says nothing.
        guard record.kind == .ownership, let next = SlotOwnership(record.value) else { return }
        ownership = next
        unsaved = (next, position)
    }

    /// What has to be saved before the engine passes the records that were published so far.
    func takeUnsaved() -> (SlotOwnership, at: Position)? {
        defer { unsaved = nil }
        return unsaved
    }

    /// The contents are replaced.
    func replace(_ next: SlotOwnership?) {
        ownership = next
        unsaved = nil
    }

    // MARK: The file. Lock not held: it waits for the disk.

    func restore() throws(StorageError) { ownership = try file.read()?.0 }

    func save(_ ownership: SlotOwnership, at position: Position) throws(StorageError) {
        try file.write(ownership, at: position)
    }

    func removeFile() throws(StorageError) { try file.remove() }
}
