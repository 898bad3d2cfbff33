/// What the store tells those that wait for it.
package enum StoreSignal: Sendable {
    /// Batches up to this number are durable and visible: their replies may go out. `end` is the sequence of the last
    /// one's last record, `members` the size of the in-sync set, this node included, that has it on disk.
    case committed(through: UInt64, end: UInt64, members: Int)
    /// The batches up to this number were not committed. `outcomeKnown`: nothing of them can reappear after a restart.
    case failed(through: UInt64, StorageError, outcomeKnown: Bool)
    /// There is room for writes again, or other slots are served than before: what waits asks again.
    case room
    /// Writes are queued and nobody commits them: call `commit`.
    case commitNeeded
}

/// One event loop's connection to a store, or a thread's that appends: what it waits for, and its view of the engine.
///
/// `view` is used by the owner only; everything else is guarded by the store's lock.
package final class StorePort: @unchecked Sendable {
    // Sendable: see above, the owner and the store's lock.
    /// Taken when the owner first asks the engine.
    var view: EngineView?
    /// The owner's side of the lock around what is visible.
    let side: ReadSide
    var waitsForBatch: UInt64 = 0
    var waitsForRoom = false
    /// Something waits for other slots to be served (`ShardStore.setServing`).
    var waitsForSlots = false
    /// Whether something of this loop waits until there is room. Lock held.
    package var isAwaitingRoom: Bool { waitsForRoom }
    let wake: @Sendable (StoreSignal) -> Void

    init(side: ReadSide, wake: @escaping @Sendable (StoreSignal) -> Void) {
        self.side = side
        self.wake = wake
    }
}
