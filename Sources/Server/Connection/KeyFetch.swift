import Model
import NIOCore
import NIOPosix
import Storage

/// Keys that only the engine has: read on the loop while it answers from memory, and on a pool, while the connection waits,
/// when it waits for a disk.
enum KeyFetch {
    /// Keys fetched by the pool at a time, and for how long at the most, so that everybody's turn comes.
    static let keysMax = 1_024
    private static let nanosecondsMax: UInt64 = 100_000_000
    /// Fetches of one command without getting any further. Only a hot table that is far too small makes for more than one.
    static let attemptsMax = 32

    /// Has the pool bring keys into memory, then evaluates the connection's command anew. On its loop.
    static func begin(_ keys: [[UInt8]], from store: ShardStore, for connection: ConnectionHandler) {
        connection.isBlocked = true
        let now = connection.passNow
        let job: @Sendable () -> StorageError? = {
            guard store.beginUse() else { return StorageError(.closed, "the shard is closed on this node") }
            defer { store.endUse() }
            return bring(keys, into: store, now: now)
        }
        let loop = connection.loop
        loop.enginePool.runIfActive(eventLoop: loop.eventLoop, job).assumeIsolated().whenComplete { result in
            if case .success(let failure?) = result { connection.fetchFailure = failure }
            connection.goOn()
        }
    }

    /// Why the engine could not be asked, once.
    @inline(__always)
    static func takeFailure(of connection: ConnectionHandler) -> StorageError? {
        guard connection.fetchFailure != nil else { return nil }
        defer { connection.fetchFailure = nil }
        return connection.fetchFailure
    }

    private static func bring(_ keys: [[UInt8]], into store: ShardStore, now: UInt64) -> StorageError? {
        let end = Clock.monotonicNanoseconds() + nanosecondsMax
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
