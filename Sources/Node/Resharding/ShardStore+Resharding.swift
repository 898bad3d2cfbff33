import Model
import Replication
import Resharding
import Server
import Storage

extension ShardStore: ReshardingStore {
    package var state: (owned: SlotSet, committed: UInt64) {
        lock.withLock { (ownership?.slots ?? SlotSet(), commitPosition.sequence) }
    }

    package func makeLog(term: UInt64) -> any ReshardingLog { ShardStoreLog(store: self, term: term) }
}

/// Appends to a store's log on a thread of its own, which waits for the commits.
final class ShardStoreLog: ReshardingLog {
    private let store: ShardStore
    private let term: UInt64
    private let port: StorePort
    private let work = WorkQueue("shoal-appends")

    init(store: ShardStore, term: UInt64) {
        self.store = store
        self.term = term
        // It waits for commits on its own thread.
        port = store.makePort()
    }

    func append(
        _ records: ReshardingRecords,
        _ done: @escaping @Sendable (Result<AppendedRecords, StorageError>) -> Void
    ) {
        let isTaken = work.add { [self] in
            done(Result { () throws(StorageError) in try appendAndWait(records) })
        }
        if !isTaken { done(.failure(ShardStoreLog.closed)) }
    }

    func findLeftovers(_ done: @escaping @Sendable (Result<SlotSet, StorageError>) -> Void) {
        let isTaken = work.add { [store] in done(Result { () throws(StorageError) in try store.leftoverSlots() }) }
        if !isTaken { done(.failure(ShardStoreLog.closed)) }
    }

    func close() {
        work.close()
        store.removePort(port)
    }

    private static let closed = StorageError(.closed, "this node is no longer the leader")

    /// On the thread.
    private func appendAndWait(_ records: ReshardingRecords) throws(StorageError) -> AppendedRecords {
        switch records {
        case .ownership(let own, let disown, let version):
            let position = try store.changeOwnership(
                own: own,
                disown: disown,
                mapVersion: version,
                term: term,
                port: port
            )
            return AppendedRecords(end: position.sequence)
        case .clear(let slots): try store.clear(slots, term: term, port: port)
        case .clean(let slots): return AppendedRecords(keysRemoved: try store.clear(slots, term: term, port: port))
        case .chunks(let chunks): try importChunks(chunks)
        case .jump(let beyond): _ = try store.jump(above: beyond, term: term, port: port)
        }
        return AppendedRecords()
    }

    private func importChunks(_ chunks: [MigrationChunk]) throws(StorageError) {
        // Records have longer headers than entries of chunks.
        let bytes = chunks.reduce(0) { $0 + $1.bytes.count + $1.count * LogRecord.headerBytes }
        try store.importKeys(bytes: bytes, term: term, port: port) { put in
            for chunk in chunks {
                chunk.forEachEntry { entry in
                    let value = StoredValue(
                        version: entry.version,
                        expiry: entry.expiry,
                        flags: entry.flags,
                        bytes: entry.value
                    )
                    put(entry.slot, entry.key, entry.kind == .put ? value : nil)
                }
            }
        }
    }
}
