import NIOCore
import NIOPosix
import Routing
import Storage

/// Keys that only the engine has: read on the loop while it answers from memory, and on a pool, while the connection waits,
/// when it waits for a disk.
extension ConnectionHandler {
    /// How a command reads.
    enum Reading {
        /// What is committed, without the store's lock.
        case visible(StorePort)
        /// The writes in flight as well, under the lock.
        case newest
    }

    /// Reads of the engine on the loop in one pass: about a millisecond when none waits for a disk.
    static let engineReadsPerPass = 64
    /// Keys fetched by the pool at a time, and for how long at the most, so that everybody's turn comes.
    private static let fetchKeysMax = 1_024
    private static let fetchNanosecondsMax: UInt64 = 100_000_000
    /// Fetches of one command without getting any further. Only a hot table that is far too small makes for more than one.
    private static let fetchAttemptsMax = 32

    /// Finds a key. Under the lock, and where the engine has to wait for a disk, only in memory.
    @inline(__always)
    func read(
        _ slot: UInt16,
        _ key: UnsafeRawBufferPointer,
        _ store: ShardStore,
        _ reading: Reading,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> KeyState {
        let hash = KeyHash.hash(key)
        switch reading {
        case .newest: return store.readNewest(slot: slot, key: key, hash: hash, now: passNow, body)
        case .visible(let port):
            let state = store.readVisible(slot: slot, key: key, hash: hash, now: passNow, body)
            guard state == .cold, mayReadEngine(store) else { return state }
            passEngineReads += 1
            let view = try store.view(of: port)
            let isFound = try store.readEngine(slot: slot, key: key, hash: hash, view: view, now: passNow, body)
            return isFound ? .present : .absent
        }
    }

    private func mayReadEngine(_ store: ShardStore) -> Bool {
        passEngineReads < ConnectionHandler.engineReadsPerPass && store.enginePace.mode == .loop
    }

    /// The command at the beginning of the rest of `input` can't go on now. Without the store's lock.
    func pause(for outcome: Outcome, _ bytes: UnsafeRawBufferPointer) {
        if outcome == .needsTurn { return goOnLater() }
        guard let store = loop.state.store, let port = loop.port,
            let command = RESPCommand.lookup(arguments.bytes(0, in: bytes))
        else { return }
        let first = manyKeys?.next ?? command.firstKey
        fetchAttempts = fetchPlace == first ? fetchAttempts + 1 : 1
        fetchPlace = first
        guard fetchAttempts <= ConnectionHandler.fetchAttemptsMax else {
            return fetchFailed(StorageError(.engine, "memory is too small for what is read: keys leave it at once"))
        }
        let last = command.lastKey < 0 ? arguments.count + command.lastKey : command.lastKey
        // The second time only the one that was missed: the others may have pushed it out again.
        let limit = fetchAttempts > 1 ? 1 : ConnectionHandler.fetchKeysMax
        let places = stride(from: first, through: last, by: max(1, command.step)).prefix(limit)
        do throws(StorageError) {
            for place in places where mayReadEngine(store) {
                passEngineReads += 1
                let key = arguments.bytes(place, in: bytes)
                try store.fetch(slot: KeySlot.slot(of: key), key: key, view: store.view(of: port), now: passNow)
                if place == last || limit == 1 { return }
            }
        } catch {
            return fetchFailed(error)
        }
        fetch(places.map { Array(arguments.bytes($0, in: bytes)) }, from: store)
    }

    private func goOnLater() {
        isBlocked = true
        loop.eventLoop.execute { [self] in goOn() }
    }

    private func goOn() {
        isBlocked = false
        updateReading()
        process()
        flush()
    }

    private func fetchFailed(_ error: StorageError) { fetchFailure = error }

    /// Has the pool bring keys into memory, then evaluates the command anew.
    func fetch(_ keys: [[UInt8]], from store: ShardStore) {
        isBlocked = true
        let now = passNow
        let job: @Sendable () -> StorageError? = {
            guard store.beginUse() else { return StorageError(.closed, "the shard is closed on this node") }
            defer { store.endUse() }
            return ConnectionHandler.bring(keys, into: store, now: now)
        }
        loop.enginePool.runIfActive(eventLoop: loop.eventLoop, job).assumeIsolated().whenComplete { [self] result in
            if case .success(let failure?) = result { fetchFailure = failure }
            goOn()
        }
    }

    private static func bring(_ keys: [[UInt8]], into store: ShardStore, now: UInt64) -> StorageError? {
        let end = Clock.monotonicNanoseconds() + fetchNanosecondsMax
        do throws(StorageError) {
            let view = try store.views.take()
            defer { store.views.giveBack(view) }
            for key in keys {
                try store.fetch(slot: key.withUnsafeBytes { KeySlot.slot(of: $0) }, key: key, view: view, now: now)
                if Clock.monotonicNanoseconds() > end { break }
            }
            return nil
        } catch {
            return error
        }
    }
}
