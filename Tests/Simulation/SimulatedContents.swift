import Model
import Replication
import Server
import Storage

/// Reads what a simulated leader has for a snapshot: a few entries in each view of the engine, and then the log.
final class SimulatedContents: ContentsReader, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    private static let entriesPerView = 5
    private static let batchesPerRead = 10

    private let process: SimulatedProcess
    private var last: UInt32?

    init(_ process: SimulatedProcess) {
        self.process = process
        process.openContents += 1
    }

    deinit { process.openContents -= 1 }

    func open() throws(StorageError) -> (position: Position, keys: UInt64, bytes: UInt64) {
        process.flush()
        let engine = process.node.disk.engine
        return (engine.position, UInt64(engine.values.count), UInt64(engine.values.count) * 20)
    }

    func nextEntries(
        maxBytes: Int,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
    ) throws(StorageError) -> Bool {
        let values = process.node.disk.engine.values
        let left = values.keys.filter { key in last.map { key > $0 } ?? true }.sorted()
        for key in left.prefix(SimulatedContents.entriesPerView) {
            last = key
            let goesOn = SimulatedBatch.bytes([key]).withUnsafeBytes { name in
                SimulatedBatch.bytes(values[key] ?? []).withUnsafeBytes { bytes in
                    body(0, name, StoredValue(version: 1, expiry: 0, bytes: bytes))
                }
            }
            if !goesOn { return false }
        }
        return left.count <= SimulatedContents.entriesPerView
    }

    func readLog(
        after sequence: UInt64,
        upTo end: UInt64?,
        maxScanBytes: Int,
        _ body: (_ record: LogRecord, _ sequence: UInt64) -> Bool
    ) throws(StorageError) -> (through: UInt64, bytesLeft: UInt64) {
        let disk = process.node.disk
        guard disk.start.sequence <= sequence else {
            process.truth.fail("\(process.name) cut its log to \(disk.start); a snapshot needs it after \(sequence)")
            throw StorageError(.logCut, "the log after \(sequence) is kept no longer")
        }
        var through = sequence
        let committed = min(process.store.commitPosition.sequence, end ?? .max)
        let batches = disk.batches.filter { $0.end.sequence > sequence && $0.end.sequence <= committed }
        for batch in batches.prefix(SimulatedContents.batchesPerRead) {
            batch.forEachRecord { record, place in
                if place > sequence, record.changesKey { _ = body(record, place) }
            }
            through = batch.end.sequence
        }
        return (through, 0)
    }
}
