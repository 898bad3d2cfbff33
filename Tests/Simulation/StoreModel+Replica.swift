import Model
import Replication
import Server
import Storage

/// A replica's side, as its drivers see it.
extension StoreModel: ReplicaStore {
    private var node: SimulatedNode { process.node }

    var commitSequence: UInt64 { node.disk.isIncomplete ? 0 : commitPosition.sequence }
    var logTerms: TermIndex { node.disk.terms }

    private func checkSpace() throws(StorageError) {
        guard !node.isDiskFull else { throw StorageError(.diskFull, "no space left") }
    }

    func writeReplicated(_ batches: [LogBatch]) throws(StorageError) {
        try checkSpace()
        for batch in batches where !node.disk.append(batch) {
            return process.truth.fail("\(process.name) got \(batch.end) after \(node.disk.terms.end)")
        }
    }

    func syncReplicated(_ batches: [LogBatch]) throws(StorageError) {
        guard let last = batches.last else { return }
        if node.durability == .fsync { node.disk.synced = max(node.disk.synced, last.end) }
        notifyObservers()
    }

    func advanceCommit(to sequence: UInt64) {
        publish(through: sequence)
        notifyObservers()
    }

    func truncate(after position: Position) throws(StorageError) {
        if position < commitPosition {
            process.truth.fail("\(process.name) cuts \(position), below its commit position")
        }
        node.disk.truncate(after: position.sequence)
        notifyObservers()
    }

    func beginInstall() throws(StorageError) {
        try checkSpace()
        node.disk.empty()
        installing = SimulatedDisk.Engine()
        notifyObservers()
    }

    func install(_ writes: UnsafeBufferPointer<EngineWrite>) throws(StorageError) { try put(Array(writes)) }
    func installChanges(_ writes: [EngineWrite]) throws(StorageError) { try put(writes) }

    private func put(_ writes: [EngineWrite]) throws(StorageError) {
        try checkSpace()
        for write in writes {
            guard let key = SimulatedBatch.tokens(write.key).first else { continue }
            installing.values[key] = write.value.map { SimulatedBatch.tokens($0.bytes) }
        }
    }

    func finishInstall(position: Position, owned: SlotOwnership?) throws(StorageError) {
        try checkSpace()
        node.disk.engine = SimulatedDisk.Engine(position: position, values: installing.values)
        node.disk.finishInstall(at: position)
        process.truth.check(position, "\(process.name)'s snapshot")
        install(node.disk.engine)
        process.cluster.snapshots += 1
        notifyObservers()
    }
}
