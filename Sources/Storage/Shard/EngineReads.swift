import Model
import Synchronization

/// Reads of keys that memory does not have, from the engine, outside every lock. Owns the pace of such reads; views are
/// `EngineViews`'.
final class EngineReads: Sendable {
    private let views: EngineViews
    private let visible: VisibleState
    private let committed: CommittedState
    private let measured = Mutex(LoopPace.engineReads)

    init(views: EngineViews, visible: VisibleState, committed: CommittedState) {
        self.views = views
        self.visible = visible
        self.committed = committed
    }

    /// Any thread.
    var pace: LoopPace { measured.withLock { $0 } }

    /// Any thread.
    func note(microseconds: Double) { measured.withLock { $0.observe(microseconds: microseconds) } }

    /// Brings a key into memory.
    func fetch(slot: UInt16, key: UnsafeRawBufferPointer, view: EngineView, now: UInt64) throws(StorageError) {
        let hash = KeyHash.hash(key)
        if visible.find(key: key, hash: hash, now: now, side: nil, { _ in }) != .cold { return }
        _ = try read(slot: slot, key: key, hash: hash, view: view, now: now, keepsLarge: true) { _ in }
    }

    /// Views that turned out to be too old, one after the other, before a read is given up: each time the applier has
    /// ended a window meanwhile, which takes it longer than any read.
    private static let attemptsMax = 64

    /// The trap: a view of the engine that is older than what was evicted from memory would turn a miss into a stale read.
    /// So whatever a view shows is judged by what the view has at least, while nothing changes.
    func read(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        view: EngineView,
        now: UInt64,
        keepsLarge: Bool,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool {
        for _ in 0..<EngineReads.attemptsMax {
            if committed.isInstalling {
                throw StorageError(.closed, "a snapshot of the shard is being put in; try again later")
            }
            let replacements = visible.replacements.load(ordering: .sequentiallyConsistent)
            let floor = visible.applied.load(ordering: .sequentiallyConsistent)
            let started = Clock.monotonicNanoseconds()
            try view.begin(atLeast: floor, replacements: replacements, now: started)
            let entry = try view.read(slot: slot, key: key) { HotEntry.copy(of: $0, key: key) }
            note(microseconds: Double(Clock.monotonicNanoseconds() - started) / 1000)
            let isCurrent =
                visible.replacements.load(ordering: .sequentiallyConsistent) == replacements && !committed.isInstalling
            guard isCurrent else {
                HotEntry.free(entry)
                continue
            }
            let keeps = keepsLarge || Int(entry.pointee.valueLength) <= HotTable.cachedValueBytesMax
            let state = visible.adopt(entry, slot: slot, hash: hash, floor: floor, now: now, keeps: keeps, body)
            if let state { return state == .present }
        }
        throw StorageError(.engine, "the engine's views are older than its writes again and again; try again")
    }
}
