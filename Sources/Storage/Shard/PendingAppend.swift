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
    fileprivate(set) var outcome: Outcome?

    init(number: UInt64) { self.number = number }
}

/// All records that threads of the node wait for. Owned by `WritePipeline`, guarded by the store's lock.
struct PendingAppends {
    private var all: [PendingAppend] = []

    mutating func add(number: UInt64) -> PendingAppend {
        let pending = PendingAppend(number: number)
        all.append(pending)
        return pending
    }

    /// The batches up to `number` are decided.
    @inline(__always)
    mutating func settle(through number: UInt64, _ outcome: @autoclosure () -> PendingAppend.Outcome) {
        guard !all.isEmpty else { return }
        for pending in all where pending.number <= number { pending.outcome = outcome() }
        all.removeAll { $0.outcome != nil }
    }
}
