import Model
import Replication
import Resharding
import Server
import Storage

/// One target's copy as its source reads it: chunks out of the engine, then what concerns them out of the log. Used by
/// the driver's reading thread alone.
package final class SourceReading {
    /// How much is read at once. A simulation reads less, so that more happens in between.
    package struct Steps: Sendable {
        /// Bytes of keys and values.
        package var copyBytes: Int
        /// Bytes of log to look through.
        package var logBytes: Int

        package init(
            copyBytes: Int = MigrationReader.viewBytesMax,
            logBytes: Int = ReshardingLimits.logScanBytes
        ) {
            self.copyBytes = copyBytes
            self.logBytes = logBytes
        }
    }

    private let link: UInt64
    private let stream: any MigrationStream
    private let store: any ReshardingStore
    private let steps: Steps
    private let reader: MigrationReader
    private let deliver: @Sendable (ReshardingMachine.Event) -> Void

    /// - Parameter keepsView: plants a mistake; in simulations alone.
    init(
        link: UInt64,
        stream: any MigrationStream,
        store: any ReshardingStore,
        slots: SlotSet,
        steps: Steps,
        keepsView: Bool,
        deliver: @escaping @Sendable (ReshardingMachine.Event) -> Void
    ) {
        self.link = link
        self.stream = stream
        self.store = store
        self.steps = steps
        self.deliver = deliver
        reader = MigrationReader(store: store, slots: slots, keepsView: keepsView)
    }

    /// Waits for the applier. Blocks.
    func open() {
        do throws(StorageError) {
            let opened = try whileOpen { () throws(StorageError) in try reader.open() }
            tell(.copyOpened(position: opened.position, keys: opened.keys, bytes: opened.bytes))
        } catch {
            tell(.copyFailed(reason: error.message))
        }
    }

    /// Blocks for the disk.
    func sendChunks(maxBytes: Int) {
        Failpoint.sourceChunk.visit()
        var keys: UInt64 = 0
        var bytes = 0
        var builder = MigrationChunkBuilder()
        do throws(StorageError) {
            let isLast = try whileOpen { () throws(StorageError) in
                try reader.nextEntries(maxBytes: min(maxBytes, steps.copyBytes)) { slot, key, value in
                    builder.append(entry(.put, slot, key, value))
                    keys += 1
                    if builder.isFull { bytes += send(&builder) }
                    return true
                }
            }
            bytes += send(&builder)
            tell(.chunksSent(keys: keys, bytes: bytes, isLast: isLast))
        } catch {
            tell(.copyFailed(reason: error.message))
        }
    }

    /// Blocks for the disk.
    func readLog(after sequence: UInt64, maxBytes: Int) {
        Failpoint.sourceLog.visit()
        var bytes = 0
        var builder = MigrationChunkBuilder()
        do throws(StorageError) {
            let read = try whileOpen { () throws(StorageError) in
                try reader.readLog(after: sequence, maxScanBytes: steps.logBytes) { record, sequence in
                    let pending = bytes + builder.byteCount
                    if bytes > 0 || !builder.isEmpty, pending >= maxBytes { return false }
                    let isDelete = record.kind == .delete
                    let value = StoredValue(record, sequence: sequence)
                    builder.append(entry(isDelete ? .delete : .put, record.slot, record.key, value))
                    if builder.isFull { bytes += send(&builder) }
                    return true
                }
            }
            bytes += send(&builder)
            tell(.logRead(through: read.through, bytes: bytes, bytesLeft: read.bytesLeft))
        } catch {
            tell(error.code == .logCut ? .logUnavailable : .copyFailed(reason: error.message))
        }
    }

    private func entry(
        _ kind: MigrationEntry.Kind,
        _ slot: UInt16,
        _ key: UnsafeRawBufferPointer,
        _ value: StoredValue
    ) -> MigrationEntry {
        let isDelete = kind == .delete
        return MigrationEntry(
            kind: kind,
            slot: slot,
            version: value.version,
            expiry: isDelete ? 0 : value.expiry,
            flags: isDelete ? 0 : value.flags,
            key: key,
            value: isDelete ? UnsafeRawBufferPointer(start: nil, count: 0) : value.bytes
        )
    }

    /// - Returns: the payload bytes that were sent.
    private func send(_ builder: inout MigrationChunkBuilder) -> Int {
        guard let chunk = builder.finish() else { return 0 }
        stream.send(.chunk(chunk))
        return chunk.bytes.count
    }

    private func tell(_ event: MigrationSourceMachine.Event) { deliver(.source(link: link, event)) }

    /// With the store's files kept open.
    private func whileOpen<T>(_ body: () throws(StorageError) -> T) throws(StorageError) -> T {
        guard store.beginUse() else { throw StorageError(.closed, "the shard is stopping") }
        defer { store.endUse() }
        return try body()
    }
}
