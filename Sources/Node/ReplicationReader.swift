import Glibc
import Model
import Replication
import Server
import Storage

/// The paper's `/get-next-replication-key` and `/delete-next-replication-key`: a durable cursor over the commit log.
final class ReplicationReader: @unchecked Sendable {
    // Sendable: everything mutable is guarded by `lock`.
    private let store: ShardStore
    private let path: String
    private let lock = StoreLock()
    private var cursor: ReplicationCursor?
    private var pin: UInt64?
    /// Batches from the one that holds the next record on; kept between calls, since most come one after the other.
    private var reader: LogReader?
    private var batch: LogBatch?

    init(store: ShardStore, path: String) {
        self.store = store
        self.path = path
    }

    /// The first record not yet taken; nil if there is none. Blocks.
    func next() throws(StorageError) -> ReplicationRecord? {
        try lock.withLock { () throws(StorageError) in
            try withOffer { offer, _ in
                ReplicationRecord(
                    key: Array(offer.record.key),
                    value: offer.record.kind == .delete ? nil : Array(offer.record.content),
                    position: offer.position
                )
            }
        }
    }

    /// Takes the first record if it is this one. Blocks.
    /// - Returns: why not, or nil.
    func take(key: [UInt8], value: [UInt8]?) throws(StorageError) -> String? {
        try lock.withLock { () throws(StorageError) in
            var taken: ReplicationCursor?
            let refusal = try withOffer { offer, cursor -> String? in
                var next = cursor
                switch next.take(offer, key: key, value: value) {
                case .taken:
                    taken = next
                    return nil
                case .refused(let reason): return reason
                }
            }
            guard let refusal else { return "there is no record to take" }
            if let taken {
                try save(taken)
                cursor = taken
                if let pin { store.log.movePin(pin, to: taken.pinnedSequence) }
            }
            return refusal
        }
    }

    func close() {
        lock.withLock {
            if let pin { store.log.unpin(pin) }
            pin = nil
            reader = nil
        }
    }

    private func withOffer<R>(
        _ body: (ReplicationCursor.Offer, ReplicationCursor) -> R
    ) throws(StorageError) -> R? {
        let cursor = try openCursor()
        let committed = store.lock.withLock { store.commitPosition.sequence }
        while cursor.taken.sequence < committed {
            if batch == nil || (batch?.end.sequence ?? 0) <= cursor.taken.sequence {
                guard let next = try nextBatch(after: cursor.taken), next.end.sequence <= committed else { return nil }
                batch = next
            }
            guard let current = batch else { return nil }
            if let result = cursor.withOffer(in: current, { body($0, cursor) }) { return result }
            // Nothing with a key in the rest of this batch (a term's start, a cleaned slot): go on with the next.
            var passed = cursor
            guard passed.enforceBound(logStart: current.end, pinFloor: current.end) else { return nil }
            return try advance(past: current, body)
        }
        return nil
    }

    private func advance<R>(
        past last: LogBatch,
        _ body: (ReplicationCursor.Offer, ReplicationCursor) -> R
    ) throws(StorageError) -> R? {
        cursor = ReplicationCursor(taken: last.end, skipped: cursor?.skipped ?? 0)
        return try withOffer(body)
    }

    private func nextBatch(after position: Position) throws(StorageError) -> LogBatch? {
        if reader == nil || (reader.map { $0.position < position } ?? true && batch == nil) {
            reader = try store.log.makeReader(after: position)
        }
        while let next = try reader?.next() {
            if next.end.sequence > position.sequence { return next }
        }
        return nil
    }

    /// Reads the file on first use; from then on the log is held back for this reader, within its bound.
    private func openCursor() throws(StorageError) -> ReplicationCursor {
        var current: ReplicationCursor
        if let cursor { current = cursor } else { current = try load() }
        let end = store.log.endOffset
        let bound = UInt64(ReplicationLimits.cursorPinBytesMax)
        let floor = end > bound ? store.log.segmentBase(atOrAfter: end - bound) : .zero
        if current.enforceBound(logStart: store.log.start, pinFloor: floor) {
            try save(current)
            reader = nil
            batch = nil
        }
        if pin == nil { pin = store.log.pin(current.pinnedSequence) }
        cursor = current
        return current
    }

    private func load() throws(StorageError) -> ReplicationCursor {
        guard let bytes = try SmallFile.read(path) else { return ReplicationCursor(taken: store.log.start) }
        do throws(ReplicationError) {
            return try ReplicationCursor(encoded: bytes)
        } catch {
            throw StorageError(.corrupt, "\(path): \(error)")
        }
    }

    private func save(_ cursor: ReplicationCursor) throws(StorageError) {
        try SmallFile.write(cursor.encoded, to: path)
    }
}
