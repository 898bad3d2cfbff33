import Synchronization

/// The engine's views for point reads: hands them out, takes them back and knows the age of each.
///
/// A view shows one state of the engine from `begin` to `rest`. LMDB keeps the pages of that state for as long, so a view
/// rests whenever nobody reads in it.
package final class EngineViews: Sendable {
    private struct State: ~Copyable {
        var idle: [EngineView] = []
        var all: [ObjectIdentifier: EngineView] = [:]
        var isClosed = false
    }

    private let engine: any StorageEngine
    private let state = Mutex(State())

    init(engine: any StorageEngine) { self.engine = engine }

    /// A view for one thread at a time, at rest. It goes back with `giveBack`.
    package func take() throws(StorageError) -> EngineView {
        let known = state.withLock { state in (state.idle.popLast(), state.isClosed) }
        if known.1 { throw StorageError(.closed, "the shard is closed on this node") }
        if let view = known.0 { return view }
        let view = EngineView(try engine.makeReader())
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

    /// How long the oldest view that is read in has shown the same state, in nanoseconds; 0 when none is read in. Any
    /// thread.
    package var oldestAge: UInt64 {
        let now = Clock.monotonicNanoseconds()
        return state.withLock { state in
            state.all.values.reduce(0) { oldest, view in
                let begun = view.begunAt.load(ordering: .relaxed)
                return begun == 0 ? oldest : max(oldest, now - min(now, begun))
            }
        }
    }

    /// How many views there are, at rest or not.
    package var count: Int { state.withLock { $0.all.count } }

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
    /// On the monotonic clock in nanoseconds; 0 at rest.
    let begunAt = Atomic<UInt64>(0)
    private var floor: UInt64 = 0
    private var replacements: UInt64 = 0

    init(_ reader: any EngineReader) { self.reader = reader }

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
        _ = try reader.withValue(slot: slot, key: key) { result = body($0) }
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
