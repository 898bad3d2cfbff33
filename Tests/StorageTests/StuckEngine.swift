import Model
import Storage
import Synchronization

/// An engine in front of another one that refuses writes, or does not come back from them, as long as it is told to.
final class StuckEngine: StorageEngine {
    enum Mode { case works, refuses, blocks }

    private let engine: any StorageEngine
    private let lock = StoreLock()
    private nonisolated(unsafe) var mode = Mode.works

    init(_ engine: any StorageEngine) { self.engine = engine }

    deinit { set(.works) }

    func set(_ next: Mode) {
        lock.withLock {
            mode = next
            lock.signalProgress()
        }
    }

    private func pass() throws(StorageError) {
        try lock.withLock { () throws(StorageError) in
            while mode == .blocks { lock.waitForProgress(milliseconds: 1000) }
            if mode == .refuses { throw StorageError(.diskFull, "no space left on device") }
        }
    }

    func apply(_ writes: UnsafeBufferPointer<EngineWrite>, position: Position) throws(StorageError) {
        try pass()
        try engine.apply(writes, position: position)
    }

    func deleteSlots(_ ranges: [ClosedRange<UInt16>], position: Position) throws(StorageError) {
        try pass()
        try engine.deleteSlots(ranges, position: position)
    }

    // MARK: What works all the same

    var kind: EngineKind { engine.kind }
    var appliedPosition: Position { engine.appliedPosition }
    var durablePosition: Position { engine.durablePosition }
    var metrics: [StorageMetric] { engine.metrics }
    var isComplete: Bool { engine.isComplete }
    var total: SlotCount { engine.total }

    func eraseAll() throws(StorageError) { try engine.eraseAll() }
    func finishInstall(position: Position) throws(StorageError) { try engine.finishInstall(position: position) }
    func flush() throws(StorageError) { try engine.flush() }
    func makeReader() throws(StorageError) -> any EngineReader { try engine.makeReader() }
    func makeSnapshot() throws(StorageError) -> any EngineSnapshot { try engine.makeSnapshot() }
    func counts(of slots: ClosedRange<UInt16>) -> [SlotCount] { engine.counts(of: slots) }
    func checkpoint(to folder: String) throws(StorageError) { try engine.checkpoint(to: folder) }

    func expired(
        now: UInt64,
        limit: Int,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ expiry: UInt64) -> Bool
    ) throws(StorageError) {
        try engine.expired(now: now, limit: limit, body)
    }

    func close() { engine.close() }
}
