import NIOCore
import NIOPosix
import Routing
import Storage

/// Keys that only the engine has: read on the loop while it answers from memory, and on a pool, while the connection waits,
/// when it waits for a disk.
extension ConnectionHandler {
    /// Keys fetched by the pool at a time, and for how long at the most, so that everybody's turn comes.
    private static let fetchKeysMax = 1_024
    private static let fetchNanosecondsMax: UInt64 = 100_000_000
    /// Fetches of one command without getting any further. Only a hot table that is far too small makes for more than one.
    private static let fetchAttemptsMax = 32

    /// The command at the beginning of the rest of `input` can't go on now. Without the store's lock.
    func pause(for outcome: CommandOutcome, _ arguments: Arguments, _ pass: inout StorePass) {
        if outcome == .needsTurn { return goOnLater() }
        guard var session = pass.session, let command = RESPCommand.lookup(arguments[0]) else { return }
        defer { pass.session = session }
        let first = session.progress?.next ?? command.firstKey
        fetchAttempts = fetchPlace == first ? fetchAttempts + 1 : 1
        fetchPlace = first
        guard fetchAttempts <= ConnectionHandler.fetchAttemptsMax else {
            return fetchFailed(StorageError(.engine, "memory is too small for what is read: keys leave it at once"))
        }
        let last = command.lastKey < 0 ? arguments.count + command.lastKey : command.lastKey
        // The second time only the one that was missed: the others may have pushed it out again.
        let limit = fetchAttempts > 1 ? 1 : ConnectionHandler.fetchKeysMax
        let places = stride(from: first, through: last, by: max(1, command.step)).prefix(limit)
        let store = session.store
        do throws(StorageError) {
            for place in places where session.mayReadEngine {
                session.engineReads += 1
                let key = arguments[place]
                let view = try store.view(of: session.port)
                try store.fetch(slot: KeySlot.slot(of: key), key: key, view: view, now: session.now)
                if place == last || limit == 1 { return }
            }
        } catch {
            return fetchFailed(error)
        }
        fetch(places.map { Array(arguments[$0]) }, from: store)
    }

    /// Why the engine could not be asked, once.
    func takeFetchFailure() -> StorageError? {
        guard fetchFailure != nil else { return nil }
        defer { fetchFailure = nil }
        return fetchFailure
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
