import NIOCore
import NIOPosix
import Routing
import Storage

/// Keys that only the engine has: read on the loop while it answers from memory, and on a pool, while the connection waits,
/// when it waits for a disk.
extension ConnectionHandler {
    /// Keys fetched by the pool at a time, and for how long at the most, so that everybody's turn comes.
    static let fetchKeysMax = 1_024
    private static let fetchNanosecondsMax: UInt64 = 100_000_000
    /// Fetches of one command without getting any further. Only a hot table that is far too small makes for more than one.
    static let fetchAttemptsMax = 32

    /// Why the engine could not be asked, once.
    func takeFetchFailure() -> StorageError? {
        guard fetchFailure != nil else { return nil }
        defer { fetchFailure = nil }
        return fetchFailure
    }

    func goOnLater() {
        isBlocked = true
        loop.eventLoop.execute { [self] in goOn() }
    }

    private func goOn() {
        isBlocked = false
        updateReading()
        process()
        flush()
    }

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

/// What goes to the slow log: one look at the clock per read of a socket, and the words only of what was slow.
extension ConnectionHandler {
    /// After work of the thread pool; the commands after it have waited.
    func noteSlowBlocking() {
        guard let done = blocking else { return }
        blocking = nil
        noteSlow(Clock.monotonicNanoseconds() - done.since, 1) { done.words }
    }

    func noteSlow(_ nanoseconds: UInt64, _ count: Int, _ words: () -> [[UInt8]]) {
        loop.metrics.slow.note(
            nanoseconds: nanoseconds,
            time: Clock.wallMilliseconds() / 1_000,
            count: count,
            client: remoteAddress,
            words
        )
    }
}

extension SlowLog {
    /// A command's words as far as the log keeps them, and a little more, which tells that there was more.
    static func words(of arguments: Arguments) -> [[UInt8]] {
        var words: [[UInt8]] = []
        for index in 0..<min(arguments.count, wordsMax + 1) {
            words.append(Array(arguments[index].prefix(wordBytesMax + 1)))
        }
        return words
    }
}
