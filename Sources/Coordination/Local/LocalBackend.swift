import Routing
import Storage
import Synchronization

/// `CoordinatorBackend` on an LMDB file that all processes of one machine share.
///
/// A session that nobody renews is ended by the first process to notice, in a transaction; so sessions end for everybody
/// at one moment, within some tens of milliseconds after their time.
package final class LocalBackend: CoordinatorBackend {
    private let file: LocalFile
    private let watches = Mutex<[CoordinatorWatch]>([])
    private let isClosed = Mutex(false)

    /// Joins the coordinator of a config, in the folder `coordinator` of its data directory.
    /// - Throws: `.notLocal` when the config has addresses of other machines; `.unavailable` when the folder can't be
    ///   made.
    package convenience init(config: ClusterConfig) throws(CoordinationError) {
        do {
            try config.validateLocality()
        } catch {
            throw CoordinationError(.notLocal, error.description)
        }
        try self.init(folder: config.dataDirectory + "/coordinator")
    }

    /// Joins the coordinator in a folder; its parent's parent must exist.
    package init(folder: String) throws(CoordinationError) {
        file = try LocalFiles.join(folder: folder)
    }

    package var kind: CoordinatorKind { .local }
    package var place: String { file.folder }

    package func grantSession(ttl: UInt64, timeout: Duration) async throws(CoordinationError) -> SessionLease {
        try checkOpen()
        try CoordinationLimits.check(ttl: ttl)
        let id = RandomID.hexadecimal()
        let sentAt = BootClock.milliseconds()
        do throws(CoordinationError) {
            try await file.sessions.grant(id, ttl: ttl, timeout: timeout)
        } catch {
            // Nobody knows its id: it ends unused.
            throw CoordinationError(error.code == .unknownOutcome ? .unavailable : error.code, error.message)
        }
        return SessionLease(id: id, sentAt: sentAt, ttl: ttl)
    }

    package func renewSession(_ id: String, timeout: Duration) async throws(CoordinationError) -> SessionLease {
        try checkOpen()
        let sentAt = BootClock.milliseconds()
        let ttl: UInt64?
        do throws(CoordinationError) {
            ttl = try await file.sessions.renew(id, timeout: timeout)
        } catch {
            throw CoordinationError(error.code == .unknownOutcome ? .unavailable : error.code, error.message)
        }
        guard let ttl else { throw CoordinationError(.sessionEnded, "\(place): session \(id) is over; open another") }
        return SessionLease(id: id, sentAt: sentAt, ttl: ttl)
    }

    package func endSession(_ id: String, timeout: Duration) async throws(CoordinationError) {
        try checkOpen()
        try await file.sessions.end(id, timeout: timeout)
        // Every transaction removes what is tied to sessions that are over.
        try await file.write("ending a session", timeout: timeout) { _ throws(CoordinationError) in }
    }

    package func read(
        _ prefix: String,
        isExact: Bool,
        timeout: Duration
    ) async throws(CoordinationError) -> CoordinatorRange {
        try checkOpen()
        return try await file.read("reading \(prefix)", timeout: timeout) { ledger throws(CoordinationError) in
            let entries = isExact ? [try ledger.entry(prefix)].compactMap(\.self) : try ledger.entries(below: prefix)
            return CoordinatorRange(entries: entries, revision: ledger.revision)
        }
    }

    package func transact(
        _ compares: [CoordinatorCompare],
        _ operations: [CoordinatorOperation],
        reading: [String],
        timeout: Duration
    ) async throws(CoordinationError) -> CoordinatorOutcome {
        try checkOpen()
        try CoordinationLimits.check(compares, operations, reading)
        let what = operations.first.map { "writing \($0.key)" } ?? "reading"
        return try await file.write(what, timeout: timeout) { ledger throws(CoordinationError) in
            try ledger.transact(compares, operations, reading: reading)
        }
    }

    package func watch(_ prefix: String) -> CoordinatorWatch {
        let watch = CoordinatorWatch(prefix: prefix)
        guard !isClosed.withLock({ $0 }) else {
            watch.cancel()
            return watch
        }
        watches.withLock { watches in
            watches.removeAll { $0.isEnded }
            watches.append(watch)
        }
        file.follow(watch)
        return watch
    }

    package func close() async {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        guard !wasClosed else { return }
        let open = watches.withLock { watches in
            defer { watches = [] }
            return watches
        }
        for watch in open { watch.cancel() }
        await LocalFiles.leave(file, timeout: CoordinationLimits.timeout)
    }

    private func checkOpen() throws(CoordinationError) {
        if isClosed.withLock({ $0 }) { throw CoordinationError(.closed, "\(place): the coordinator was closed") }
    }
}
