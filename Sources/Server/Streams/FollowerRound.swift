import Model
import Replication
import Storage

/// Storage actions of a follower that are done one after the other, in steps between which a crash may come. Consecutive
/// appends share one sync, and consecutive chunks of a snapshot one transaction of the engine.
package final class FollowerRound: @unchecked Sendable {
    // Sendable: one thread after the other has it: the link's loop makes it, the queue executes it, the loop takes the events.
    package enum Job: Sendable {
        case append(LogBatch)
        case advanceCommit(UInt64)
        case truncate(Position)
        case beginSnapshot
        case installChunk(SnapshotChunk)
        case finishSnapshot(Position, SlotOwnership?)
    }

    private enum Step {
        case write([LogBatch])
        case sync([LogBatch])
        case install([SnapshotChunk])
        case execute(Job)
    }

    /// All that the leader sends ahead, if chunks are full; a bound where they are not.
    private static let chunksPerTransaction = ReplicationLimits.inFlightBytesMax / ReplicationLimits.snapshotChunkBytes

    private let store: any ReplicaStore
    private let plan: [Step]
    /// Whether a step failed: those after it were left out.
    private(set) var hasFailed = false
    /// What to tell the machine, once all steps are done.
    private(set) var events: [FollowerMachine.Event] = []
    /// Set where the simulation plants an acknowledgement before the sync.
    var onWritten: (@Sendable (FollowerMachine.Event) -> Void)?

    init(_ jobs: [Job], _ store: any ReplicaStore) {
        self.store = store
        plan = FollowerRound.plan(jobs)
    }

    /// To be called in order; after a failure they do nothing.
    var steps: [@Sendable () -> Void] {
        plan.indices.map { index in { self.execute(self.plan[index]) } }
    }

    private static func plan(_ jobs: [Job]) -> [Step] {
        var plan: [Step] = []
        var batches: [LogBatch] = []
        var chunks: [SnapshotChunk] = []
        func close() {
            if !batches.isEmpty { plan += [.write(batches), .sync(batches)] }
            if !chunks.isEmpty { plan.append(.install(chunks)) }
            (batches, chunks) = ([], [])
        }
        for job in jobs {
            switch job {
            case .append(let batch):
                if !chunks.isEmpty { close() }
                batches.append(batch)
            case .installChunk(let chunk):
                if !batches.isEmpty { close() }
                chunks.append(chunk)
            default:
                close()
                plan.append(.execute(job))
            }
        }
        close()
        return plan
    }

    private func execute(_ step: Step) {
        guard !hasFailed else { return }
        do throws(StorageError) {
            switch step {
            case .write(let batches):
                try store.writeReplicated(batches)
                if let last = batches.last { onWritten?(.synced(through: last.end)) }
            case .sync(let batches):
                try store.syncReplicated(batches)
                if let last = batches.last { events.append(.synced(through: last.end)) }
            case .install(let chunks): try install(chunks)
            case .execute(let job): events.append(try execute(job))
            }
        } catch {
            hasFailed = true
            events.append(.storageFailed(error.message))
        }
    }

    private func execute(_ job: Job) throws(StorageError) -> FollowerMachine.Event {
        switch job {
        case .append, .installChunk: return .tick
        case .advanceCommit(let sequence):
            store.advanceCommit(to: sequence)
            return .applied(sequence: store.commitSequence)
        case .truncate(let position):
            try store.truncate(after: position)
            return .truncated
        case .beginSnapshot:
            try store.beginInstall()
            return .snapshotBegun
        case .finishSnapshot(let position, let owned):
            try store.finishInstall(position: position, owned: owned)
            return .snapshotFinished
        }
    }

    private func install(_ chunks: [SnapshotChunk]) throws(StorageError) {
        var left = chunks[...]
        while let first = left.first {
            let isFromLog = first.isFromLog
            let group = left.prefix(FollowerRound.chunksPerTransaction).prefix { $0.isFromLog == isFromLog }
            left = left.dropFirst(group.count)
            var writes: [EngineWrite] = []
            try install(group, &writes, isFromLog: isFromLog)
            for chunk in group { events.append(.chunkInstalled(keys: UInt64(chunk.count))) }
        }
    }

    /// Entries are borrowed from their chunk, so each chunk's are added inside the call that lends those before it.
    private func install(
        _ chunks: ArraySlice<SnapshotChunk>,
        _ writes: inout [EngineWrite],
        isFromLog: Bool
    ) throws(StorageError) {
        guard let chunk = chunks.first else {
            if isFromLog { return try store.installChanges(writes) }
            return try writes.withUnsafeBufferPointer { pointer throws(StorageError) in try store.install(pointer) }
        }
        try chunk.withEntries { entries throws(StorageError) in
            for entry in entries {
                let value = StoredValue(
                    version: entry.version,
                    expiry: entry.expiry,
                    flags: entry.flags,
                    bytes: entry.value
                )
                writes.append(
                    EngineWrite(
                        slot: entry.slot,
                        key: entry.key,
                        value: entry.kind == .deleted ? nil : value,
                        previous: isFromLog ? .unknown : .absent
                    )
                )
            }
            try install(chunks.dropFirst(), &writes, isFromLog: isFromLog)
        }
    }
}
