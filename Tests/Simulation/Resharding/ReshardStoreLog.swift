import Model
import Node
import Replication
import Resharding
import Storage

/// Appends to a simulated store: the thread that would wait for the commits is a delay.
final class ReshardStoreLog: ReshardingLog, @unchecked Sendable {
    // Sendable: confined to the thread that runs the cluster.
    private let store: ReshardStore
    private var isClosed = false
    private var underWay = 0

    typealias Done = @Sendable (Result<AppendedRecords, StorageError>) -> Void

    init(_ store: ReshardStore) {
        self.store = store
        store.openLogs += 1
    }

    /// What is under way is answered first, as by the thread of a real one: until then it is open.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        if underWay == 0 { store.openLogs -= 1 }
    }

    func append(_ records: ReshardingRecords, _ done: @escaping Done) {
        underWay += 1
        let cluster = store.cluster
        store.loop.after(cluster.random.pick(5...200)) { [self] in
            guard store.isLeading else { return finish(.failure(Self.over), done) }
            if store.isDiskFull { return finish(.failure(StorageError(.diskFull, "no space left")), done) }
            appendNow(records) { [self] result in
                // The thread that waited goes on as long as the process does.
                store.loop.run { [self] in finish(result, done) }
            }
        }
    }

    private func finish(_ result: Result<AppendedRecords, StorageError>, _ done: Done) {
        underWay -= 1
        if isClosed, underWay == 0 { store.openLogs -= 1 }
        done(result)
    }

    func findLeftovers(_ done: @escaping @Sendable (Result<SlotSet, StorageError>) -> Void) {
        // At times the engine has much to take in first, and a move begins meanwhile.
        let isSlow = store.cluster.random.chance(0.3)
        store.loop.after(store.cluster.random.pick(isSlow ? 5_000...50_000 : 50...5_000)) { [store] in
            guard store.isLeading else { return done(.failure(Self.over)) }
            store.apply()
            done(.success(store.leftovers))
        }
    }

    private static let over = StorageError(.notLeader, "this node does not lead any more")

    private func appendNow(
        _ records: ReshardingRecords,
        _ told: @escaping (Result<AppendedRecords, StorageError>) -> Void
    ) {
        let cluster = store.cluster
        switch records {
        case .ownership(let own, let disown, _):
            store.process.map { cluster.step(.ownership, at: $0) }
            queue([.ownership(own: own, disown: disown)], told)
        case .clear(let slots):
            let isEmpty = !store.tip.values.keys.contains { slots.contains(cluster.keys.slot(of: $0)) }
            if isEmpty { return store.loop.after(0) { told(.success(AppendedRecords())) } }
            cluster.trace("\(store.process?.name ?? "") clears \(SlotList(slots).short)")
            queue(slots.ranges.map { .clear($0) }, told)
        case .clean(let ranges): queue(ranges.map { .clear($0) }, told)
        case .chunks(let chunks):
            let bytes = UInt64(chunks.reduce(0) { $0 + $1.bytes.count })
            queue(entries(of: chunks)) { [store] result in
                if case .success = result { store.chunkBytesWritten += bytes }
                told(result)
            }
        case .jump(let beyond):
            if store.committedEnd.sequence >= beyond {
                return store.loop.after(0) { told(.success(AppendedRecords())) }
            }
            queue([.jump(beyond: beyond)], told)
        }
    }

    private func queue(
        _ records: [ReshardRecord],
        _ told: @escaping (Result<AppendedRecords, StorageError>) -> Void
    ) {
        guard let last = records.last else { return store.loop.after(0) { told(.success(AppendedRecords())) } }
        for record in records.dropLast() { store.queue(record) {} }
        let end = Place()
        end.value = store.queue(last, lost: { told(.failure(Self.over)) }) {
            told(.success(AppendedRecords(end: end.value)))
        }
    }

    /// Known once the record is queued, and asked for when it is committed.
    private final class Place { var value: UInt64 = 0 }

    private func entries(of chunks: [MigrationChunk]) -> [ReshardRecord] {
        var records: [ReshardRecord] = []
        func note(_ entry: MigrationEntry) {
            guard let key = store.cluster.keys.number(of: entry.key) else { return }
            let value = entry.kind == .put ? ReshardKeys.tokens(of: entry.value) : nil
            records.append(.imported(key: key, value: value, version: entry.version))
        }
        for chunk in chunks { chunk.forEachEntry(note) }
        return records
    }
}
