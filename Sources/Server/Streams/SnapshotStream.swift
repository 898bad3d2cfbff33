import Model
import Replication
import Storage
import Synchronization

/// A shard's contents on their way to a follower, chunk by chunk: the engine in many short views, none of which keeps
/// pages for long, then the log since the first of them. Together they are the state at the last record taken.
package final class SnapshotStream: Sendable {
    package struct Part: Sendable {
        package var chunks: [SnapshotChunk] = []
        package var keys: UInt64 = 0
        package var bytes = 0
        /// Set on the last part: the position of the state that all parts make together.
        package var end: Position?
        /// What the shard owns by its log, as of that position or later: replicas take in the rest with the log.
        package var owned: SlotOwnership?
    }

    private struct Progress {
        let reader: any ContentsReader
        var isCopied = false
        /// Up to where the log has been taken, and has to be.
        var through: UInt64
        var target: Position?
    }

    private struct State {
        /// nil while it is with the call that reads, and once the stream is closed.
        var resting: Progress?
        var isClosed = false
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
        state = Mutex(State(resting: Progress(reader: reader, through: position.sequence)))
    }

    /// Waits until the engine has all that is committed, and begins there. Blocks.
    package static func open(_ store: any StreamedStore) -> Result<SnapshotStream, StorageError> {
        let reader = store.makeContentsReader()
        do throws(StorageError) {
            let (position, keys, bytes) = try reader.open()
            return .success(SnapshotStream(store, reader, position, total: SlotCount(keys: keys, bytes: bytes)))
        } catch {
            return .failure(error)
        }
    }

    /// The next chunks, about `maxBytes`; none where the log had nothing of use. Blocks; one caller at a time.
    package func next(maxBytes: Int) -> Result<Part, StorageError> {
        let taken = state.withLock { state in
            defer { state.resting = nil }
            return state.resting
        }
        guard var progress = taken else { return .failure(StorageError(.closed, "the snapshot was closed")) }
        // A stream that was closed meanwhile lets go of the reader with this call.
        defer { state.withLock { if !$0.isClosed { $0.resting = progress } } }
        do throws(StorageError) {
            return .success(
                progress.isCopied
                    ? try nextOfLog(&progress, maxBytes: maxBytes) : try nextOfEngine(&progress, maxBytes: maxBytes)
            )
        } catch {
            return .failure(error)
        }
    }

    private func nextOfEngine(_ progress: inout Progress, maxBytes: Int) throws(StorageError) -> Part {
        var filler = PartFiller()
        progress.isCopied = try progress.reader.nextEntries(maxBytes: maxBytes) { slot, key, value in
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

    private func nextOfLog(_ progress: inout Progress, maxBytes: Int) throws(StorageError) -> Part {
        // Fixed once: what is committed later comes with the log after the snapshot.
        let target = progress.target ?? store.committed
        progress.target = target
        var filler = PartFiller()
        progress.through = try progress.reader.readLog(
            after: progress.through,
            upTo: target.sequence,
            maxScanBytes: maxBytes
        ) { record, sequence in
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
        if progress.through >= target.sequence {
            part.end = target
            part.owned = store.ownedSlots()
        }
        return part
    }

    /// Reads no more. Returns at once; a read that is under way lets go of the files when it returns.
    package func close() {
        let resting = state.withLock { state in
            defer { state.resting = nil }
            state.isClosed = true
            return state.resting
        }
        // The reader ends here, outside the lock.
        withExtendedLifetime(resting) {}
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
