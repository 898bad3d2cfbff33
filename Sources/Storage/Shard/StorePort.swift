import Synchronization

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

    /// Whether it says the same as that one, and nothing of a batch: told twice, it is as good as told once.
    func repeats(_ other: StoreSignal) -> Bool {
        switch (self, other) {
        case (.room, .room), (.commitNeeded, .commitNeeded): true
        default: false
        }
    }
}

/// One event loop's connection to a store, or a thread's that appends: what it waits for, and its view of the engine.
///
/// `view` is used by the owner only; what it has been told has a lock of its own; everything else is guarded by the store's
/// lock.
package final class StorePort: @unchecked Sendable {
    // Sendable: see above, the owner and the locks.
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
    /// What the owner has been told and has not taken yet. Added to under the store's lock, so that it stands in the order
    /// in which it was decided: threads that carried it to the owner would overtake one another, and the owner would hear
    /// that a batch failed before it hears that the one in front of it is committed. As many as the owner can wait for at
    /// a time: the batch in flight, the one it queues into, and each call that is no outcome once.
    private let told = Mutex<[StoreSignal]>([])
    /// nil: the owner waits by itself.
    private let onWake: (@Sendable (StorePort) -> Void)?

    init(side: ReadSide, wake: (@Sendable (StorePort) -> Void)?) {
        self.side = side
        onWake = wake
    }

    /// Whether the owner is told anything.
    var listens: Bool { onWake != nil }

    /// `wake` follows when the lock is released. Store's lock held.
    func tell(_ signal: StoreSignal) {
        told.withLock { told in
            if !told.contains(where: signal.repeats) { told.append(signal) }
        }
    }

    /// Without the store's lock.
    func wake() { onWake?(self) }

    /// The oldest of what the owner has been told and has not taken yet. For the owner, when it is woken, until it is nil.
    package func nextSignal() -> StoreSignal? { told.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}
