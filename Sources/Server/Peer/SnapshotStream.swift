import Replication
import Storage
import Synchronization

/// A frozen state of the engine on its way to a follower, chunk by chunk.
final class SnapshotStream: Sendable {
    struct Part: Sendable {
        var chunks: [SnapshotChunk] = []
        var keys: UInt64 = 0
        var bytes = 0
        var isLast = false
    }

    private struct State: ~Copyable {
        var snapshot: SnapshotBox?
        var slot: UInt16 = 0
        var after: [UInt8]?
    }

    /// Carries the snapshot into the mutex; used by whoever holds that.
    private struct SnapshotBox: @unchecked Sendable {
        let snapshot: any EngineSnapshot
    }

    let position: Position
    let total: SlotCount
    /// What the shard owns by its log, as of the position or later: replicas take in the rest with the log.
    let owned: SlotOwnership?
    private let state: Mutex<State>

    private init(_ snapshot: SnapshotBox, total: SlotCount, owned: SlotOwnership?) {
        position = snapshot.snapshot.position
        self.total = total
        self.owned = owned
        state = Mutex(State(snapshot: snapshot))
    }

    /// Freezes the engine's present contents. Blocks.
    static func open(_ store: ShardStore) -> Result<SnapshotStream, StorageError> {
        do throws(StorageError) {
            let snapshot = try store.engine.makeSnapshot()
            // In this order: behind the snapshot, never before it.
            let owned = store.ownedSlots()
            return .success(
                SnapshotStream(SnapshotBox(snapshot: snapshot), total: store.engine.total, owned: owned)
            )
        } catch {
            return .failure(error)
        }
    }

    /// The next chunks, at least one and about `maxBytes`. Blocks; one caller at a time.
    func next(maxBytes: Int) -> Result<Part, StorageError> {
        state.withLock { state in
            guard let box = state.snapshot else { return .failure(StorageError(.closed, "the snapshot was closed")) }
            var part = Part()
            var builder = SnapshotChunkBuilder()
            var last: (slot: UInt16, key: [UInt8])?
            do throws(StorageError) {
                var isFull = false
                try box.snapshot.scan(slots: state.slot...UInt16(StorageLimits.slotCount - 1), after: state.after) {
                    slot,
                    key,
                    value in
                    builder.append(
                        SnapshotEntry(
                            slot: slot,
                            version: value.version,
                            expiry: value.expiry,
                            flags: value.flags,
                            key: key,
                            value: value.bytes
                        )
                    )
                    part.keys += 1
                    guard builder.isFull else { return true }
                    part.bytes += builder.bytes.count
                    part.chunks.append(builder.finish())
                    isFull = part.bytes >= maxBytes
                    if isFull { last = (slot, Array(key)) }
                    return !isFull
                }
            } catch {
                return .failure(error)
            }
            if !builder.isEmpty {
                part.bytes += builder.bytes.count
                part.chunks.append(builder.finish())
            }
            part.isLast = last == nil
            if let last {
                state.slot = last.slot
                state.after = last.key
            }
            return .success(part)
        }
    }

    func close() {
        state.withLock { state in
            state.snapshot?.snapshot.close()
            state.snapshot = nil
        }
    }
}
