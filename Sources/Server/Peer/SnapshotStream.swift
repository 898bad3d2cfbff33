import Replication
import Storage
import Synchronization

/// A shard's contents on their way to a follower, chunk by chunk: the engine in many short views, none of which keeps
/// pages for long, then the log since the first of them. Together they are the state at the last record taken.
final class SnapshotStream: Sendable {
    struct Part: Sendable {
        var chunks: [SnapshotChunk] = []
        var keys: UInt64 = 0
        var bytes = 0
        /// Set on the last part: the position of the state that all parts make together.
        var end: Position?
        /// What the shard owns by its log, as of that position or later: replicas take in the rest with the log.
        var owned: SlotOwnership?
    }

    private struct State: ~Copyable {
        /// nil once the stream has been closed.
        var reader: (any ContentsReader)?
        var isCopied = false
        /// Up to where the log has been taken, and has to be.
        var through: UInt64
        var target: Position?
    }

    let position: Position
    let total: SlotCount
    let owned: SlotOwnership?
    private let store: any StreamedStore
    private let state: Mutex<State>

    private init(_ store: any StreamedStore, _ reader: any ContentsReader, _ position: Position, total: SlotCount) {
        self.store = store
        self.position = position
        self.total = total
        owned = store.ownedSlots()
        state = Mutex(State(reader: reader, through: position.sequence))
    }

    /// Waits until the engine has all that is committed, and begins there. Blocks.
    static func open(_ store: any StreamedStore) -> Result<SnapshotStream, StorageError> {
        let reader = store.makeContentsReader()
        do throws(StorageError) {
            let (position, keys, bytes) = try reader.open()
            return .success(SnapshotStream(store, reader, position, total: SlotCount(keys: keys, bytes: bytes)))
        } catch {
            return .failure(error)
        }
    }

    /// The next chunks, about `maxBytes`; none where the log had nothing of use. Blocks; one caller at a time.
    func next(maxBytes: Int) -> Result<Part, StorageError> {
        state.withLock { state in
            guard let reader = state.reader else {
                return .failure(StorageError(.closed, "the snapshot was closed"))
            }
            do throws(StorageError) {
                return .success(
                    state.isCopied
                        ? try nextOfLog(reader, &state, maxBytes: maxBytes)
                        : try nextOfEngine(reader, &state, maxBytes: maxBytes)
                )
            } catch {
                return .failure(error)
            }
        }
    }

    private func nextOfEngine(
        _ reader: any ContentsReader,
        _ state: inout State,
        maxBytes: Int
    ) throws(StorageError) -> Part {
        var filler = PartFiller()
        state.isCopied = try reader.nextEntries(maxBytes: maxBytes) { slot, key, value in
            filler.add(
                SnapshotEntry(
                    slot: slot,
                    version: value.version,
                    expiry: value.expiry,
                    flags: value.flags,
                    key: key,
                    value: value.bytes
                )
            )
            return true
        }
        return filler.finish()
    }

    private func nextOfLog(
        _ reader: any ContentsReader,
        _ state: inout State,
        maxBytes: Int
    ) throws(StorageError) -> Part {
        // Fixed once: what is committed later comes with the log after the snapshot.
        let target = state.target ?? store.committed
        state.target = target
        var filler = PartFiller()
        state.through = try reader.readLog(after: state.through, upTo: target.sequence, maxScanBytes: maxBytes) {
            record,
            sequence in
            filler.add(
                SnapshotEntry(
                    kind: record.kind == .delete ? .deleted : .written,
                    slot: record.slot,
                    version: record.version(at: sequence),
                    expiry: record.expiry,
                    flags: record.flags,
                    key: record.key,
                    value: record.content
                )
            )
            return true
        }.through
        var part = filler.finish()
        if state.through >= target.sequence {
            part.end = target
            part.owned = store.ownedSlots()
        }
        return part
    }

    func close() {
        state.withLock { $0.reader = nil }
    }
}

/// A part in the making.
private struct PartFiller {
    private var part = SnapshotStream.Part()
    private var builder = SnapshotChunkBuilder()

    mutating func add(_ entry: SnapshotEntry) {
        builder.append(entry)
        part.keys += 1
        if builder.isFull { close() }
    }

    private mutating func close() {
        part.bytes += builder.bytes.count
        part.chunks.append(builder.finish())
    }

    mutating func finish() -> SnapshotStream.Part {
        if !builder.isEmpty { close() }
        return part
    }
}
