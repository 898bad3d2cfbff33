import Model
import Synchronization

/// The engine's views, for point reads and frozen ones for scans: hands them out, takes them back and knows the age of each.
///
/// A view shows one state of the engine from `begin` to `rest`. LMDB keeps the pages of that state for as long, so a view
/// rests whenever nobody reads in it.
package final class EngineViews: Sendable {
    private struct State: ~Copyable {
        var idle: [EngineView] = []
        var all: [ObjectIdentifier: EngineView] = [:]
        /// When each frozen view that is open was opened.
        var frozen: [UInt64: UInt64] = [:]
        var nextFrozen: UInt64 = 0
        var isClosed = false
    }

    private let engine: any StorageEngine
    private let state = Mutex(State())
    /// What reads have found damaged.
    package let damage = DamageNote()

    init(engine: any StorageEngine) { self.engine = engine }

    /// A view for one thread at a time, at rest. It goes back with `giveBack`.
    package func take() throws(StorageError) -> EngineView {
        let known = state.withLock { state in (state.idle.popLast(), state.isClosed) }
        if known.1 { throw StorageError(.closed, "the shard is closed on this node") }
        if let view = known.0 { return view }
        let view = EngineView(try engine.makeReader(), damage: damage)
        let isKept = state.withLock { state in
            if state.isClosed { return false }
            state.all[ObjectIdentifier(view)] = view
            return true
        }
        guard isKept else {
            view.close()
            throw StorageError(.closed, "the shard is closed on this node")
        }
        return view
    }

    package func giveBack(_ view: EngineView) {
        view.rest()
        state.withLock { state in if !state.isClosed { state.idle.append(view) } }
    }

    /// A frozen view of the newest state, for one thread at a time. Its caller closes it, soon.
    package func freeze() throws(StorageError) -> any EngineSnapshot {
        let snapshot = try engine.makeSnapshot()
        let number = state.withLock { state in
            state.nextFrozen += 1
            state.frozen[state.nextFrozen] = Clock.monotonicNanoseconds()
            return state.nextFrozen
        }
        return FrozenView(snapshot, damage: damage) { [self] in state.withLock { $0.frozen[number] = nil } }
    }

    /// How long the oldest view that is read in has shown the same state, in nanoseconds; 0 when none is read in. Any
    /// thread.
    package var oldestAge: UInt64 {
        let now = Clock.monotonicNanoseconds()
        return state.withLock { state in
            let begun = state.all.values.map { $0.begunAt.load(ordering: .relaxed) }.filter { $0 != 0 }
            guard let oldest = (begun + state.frozen.values).min() else { return 0 }
            return now - min(now, oldest)
        }
    }

    /// Reads a damaged record again: whoever writes the key mends it. Blocks.
    package func lookAgainAtDamage() {
        guard let place = damage.place, let view = try? take() else { return }
        defer { giveBack(view) }
        // A new view, of what is there now: `begin` keeps one for the same floor.
        view.rest()
        do throws(StorageError) {
            try view.begin(atLeast: 0, replacements: 0, now: Clock.monotonicNanoseconds())
            try place.key.withRawBytes { key throws(StorageError) in
                try view.read(slot: place.slot, key: key) { _ in }
            }
            damage.forget()
        } catch {
            // As it was, and noted already.
        }
    }

    /// How many views there are, at rest or not.
    package var count: Int { state.withLock { $0.all.count + $0.frozen.count } }

    /// Ends all of them. Nobody reads any more.
    func close() {
        let views = state.withLock { state in
            state.isClosed = true
            state.idle = []
            defer { state.all = [:] }
            return Array(state.all.values)
        }
        for view in views { view.close() }
    }
}

/// One view of the engine, for one thread at a time.
package final class EngineView: @unchecked Sendable {
    // Sendable: used by whoever took the view from `EngineViews`, one thread at a time; `begunAt` is atomic.
    private let reader: any EngineReader
    private let damage: DamageNote
    /// On the monotonic clock in nanoseconds; 0 at rest.
    let begunAt = Atomic<UInt64>(0)
    private var floor: UInt64 = 0
    private var replacements: UInt64 = 0

    init(_ reader: any EngineReader, damage: DamageNote) {
        self.reader = reader
        self.damage = damage
    }

    /// Shows a state with at least all writes up to `floor` from here on, until `rest`. One begun for the same is kept.
    /// - Parameters:
    ///   - replacements: how often the contents had been replaced as a whole when `floor` was read.
    ///   - now: the monotonic clock in nanoseconds.
    func begin(atLeast floor: UInt64, replacements: UInt64, now: UInt64) throws(StorageError) {
        let isBegun = begunAt.load(ordering: .relaxed) != 0
        if isBegun, self.floor == floor, self.replacements == replacements { return }
        try reader.refresh()
        self.floor = floor
        self.replacements = replacements
        begunAt.store(now, ordering: .relaxed)
    }

    /// Calls `body` with what the engine has under the key, nil for nothing; the bytes live only inside the call. May wait
    /// for a disk: no lock may be held.
    @inline(__always)
    func read<R>(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        _ body: (StoredValue?) -> R
    ) throws(StorageError) -> R {
        var result: R?
        do throws(StorageError) {
            _ = try reader.withValue(slot: slot, key: key) { result = body($0) }
        } catch {
            damage.note(error, place: (slot, Array(key)))
            throw error
        }
        return result ?? body(nil)
    }

    /// Lets the state go.
    package func rest() {
        guard begunAt.load(ordering: .relaxed) != 0 else { return }
        reader.rest()
        begunAt.store(0, ordering: .relaxed)
    }

    func close() { reader.close() }
}

/// A frozen state that is counted as long as it is open.
private final class FrozenView: EngineSnapshot {
    private let snapshot: any EngineSnapshot
    private let damage: DamageNote
    private var onClose: (() -> Void)?

    init(_ snapshot: any EngineSnapshot, damage: DamageNote, onClose: @escaping () -> Void) {
        self.snapshot = snapshot
        self.damage = damage
        self.onClose = onClose
    }

    deinit { close() }

    var position: Position { snapshot.position }

    func scan(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
    ) throws(StorageError) {
        do throws(StorageError) {
            try snapshot.scan(slots: slots, after: after, body)
        } catch {
            damage.note(error)
            throw error
        }
    }

    func scanKeys(
        slots: ClosedRange<UInt16>,
        after: [UInt8]?,
        _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ expiry: UInt64) -> Bool
    ) throws(StorageError) {
        do throws(StorageError) {
            try snapshot.scanKeys(slots: slots, after: after, body)
        } catch {
            damage.note(error)
            throw error
        }
    }

    func close() {
        snapshot.close()
        onClose?()
        onClose = nil
    }
}
