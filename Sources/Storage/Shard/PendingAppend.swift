/// Records that a thread has queued, and whose fate it waits for. Guarded by the store's lock.
final class PendingAppend {
    enum Outcome {
        case committed
        /// Committed, but on fewer disks than MinInSync promises: the in-sync set has shrunk meanwhile.
        case unacknowledged(StorageError)
        /// `isKnown`: nothing of it is in the log. Otherwise the next leader decides.
        case failed(StorageError, isKnown: Bool)
    }

    /// Of the batch that has the records.
    let number: UInt64
    var outcome: Outcome?

    init(number: UInt64) { self.number = number }
}
