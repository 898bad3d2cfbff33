import FoundationEssentials
import Glibc
import Storage

/// The local coordinator's sessions, in a table of their own that no transaction syncs: they end with the boot of the
/// machine, so there is a file per boot, which a loss of power may damage. Renewals, most of what a coordinator does,
/// thus wait neither for a slow disk nor for a change that is being written.
///
/// One thread per process does the calls in turn; the threads of `LocalFile` ask directly. Whoever holds the lock of the
/// coordinator's file may take this one, never the other way round.
final class LocalSessions: Sendable {
    /// What the thread does next.
    private struct Job: Sendable {
        var run: @Sendable (SharedTable) throws(CoordinationError) -> Void
        var refuse: @Sendable (CoordinationError) -> Void
    }

    private struct State {
        var table: SharedTable?
        var jobs: [Job] = []
        var isStopping = false
        var thread: StoreThread?
    }

    private let folder: String
    private let boot: String
    private let holder: LocalHolder
    /// Guards `state` and wakes the thread.
    private let lock = StoreLock()
    /// Only under `lock`.
    nonisolated(unsafe) private var state = State()
    /// Held while the table is opened, which can wait for another process.
    private let opening = StoreLock()

    /// - Parameter folder: the coordinator's, which exists.
    init(folder: String, boot: String) throws(CoordinationError) {
        self.folder = folder + "/sessions"
        self.boot = boot
        guard mkdir(self.folder, 0o700) == 0 || errno == EEXIST else {
            throw CoordinationError(
                .unavailable,
                "cannot create \(self.folder): \(String(cString: strerror(errno)))"
            )
        }
        holder = try LocalHolder(path: self.folder + "/holder")
        let thread = StoreThread { self.work() }
        lock.withLock { state.thread = thread }
    }

    // MARK: Calls

    func grant(_ id: String, ttl: UInt64, timeout: Duration) async throws(CoordinationError) {
        try await call("beginning a session", timeout) { rows, now throws(CoordinationError) in
            try rows.grant(id, ttl: ttl, now: now)
        }
    }

    /// Returns the session's length; nil if it is over.
    func renew(_ id: String, timeout: Duration) async throws(CoordinationError) -> UInt64? {
        try await call("renewing a session", timeout) { rows, now throws(CoordinationError) in
            try rows.renew(id, now: now)
        }
    }

    /// What is tied to it goes with the next transaction of the coordinator's file.
    func end(_ id: String, timeout: Duration) async throws(CoordinationError) {
        try await call("ending a session", timeout) { rows, _ throws(CoordinationError) in try rows.end(id) }
    }

    private func call<Answer: Sendable>(
        _ what: String,
        _ timeout: Duration,
        _ body: @escaping @Sendable (borrowing LocalSessionRows, _ now: UInt64) throws(CoordinationError) -> Answer
    ) async throws(CoordinationError) -> Answer {
        let late: @Sendable () -> String = { [folder, holder] in
            "\(folder): \(what) took longer than \(timeout): another process's lock holds it up\(holder.words)"
        }
        return try await LocalCall<Answer>.perform(what, timeout, late) { call in
            enqueue(
                Job(
                    run: { table throws(CoordinationError) in
                        guard call.isWanted else { return }
                        let answer = try self.write(table, isWanted: { call.mayCommit() }, body)
                        if let answer { call.answer(.success(answer)) }
                    },
                    refuse: { call.answer(.failure($0)) }
                )
            )
        }
    }

    // MARK: For the threads of the coordinator's file

    /// Which sessions live. Those whose time is over can't be renewed from here on. May block.
    func settle(now: UInt64) throws(CoordinationError) -> LocalSessionRows.Settled {
        let table = try openTable()
        let seen = try read(table) { rows throws(CoordinationError) in try rows.look(now: now) }
        guard seen.isDue else { return seen }
        let settled = try write(table, isWanted: { true }) { rows, now throws(CoordinationError) in
            try rows.settle(now: now)
        }
        return settled ?? seen
    }

    /// Nothing is tied to these any more. May block.
    func forget(_ ids: [String]) throws(CoordinationError) {
        if ids.isEmpty { return }
        _ = try write(openTable(), isWanted: { true }) { rows, _ throws(CoordinationError) in try rows.forget(ids) }
    }

    /// The earliest end of a session; nil without any, or before the table is open.
    func nextDeadline() throws(CoordinationError) -> UInt64? {
        guard let table = lock.withLock({ state.table }) else { return nil }
        return try read(table) { rows throws(CoordinationError) in try rows.nextDeadline() }
    }

    /// Ends the thread and lets the table go. Blocks for what is under way.
    func stop() {
        let thread = lock.withLock {
            state.isStopping = true
            lock.signalProgress()
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
        let left = lock.withLock {
            state.table = nil
            defer { state.jobs = [] }
            return state.jobs
        }
        for job in left { job.refuse(CoordinationError(.closed, "\(folder): the coordinator was closed")) }
    }

    // MARK: Transactions

    private func read<Answer>(
        _ table: SharedTable,
        _ body: (borrowing LocalSessionRows) throws(CoordinationError) -> Answer
    ) throws(CoordinationError) -> Answer {
        let transaction: SharedTableTransaction
        do { transaction = try table.makeReader() } catch { throw CoordinationError(error) }
        defer { transaction.abort() }
        return try body(LocalSessionRows(transaction, place: folder))
    }

    /// - Parameter body: gets the time as it is with the lock held: whether a session lives is decided in one order for
    ///   all processes.
    /// - Returns: nil when it was not wanted any more, and nothing was written.
    private func write<Answer>(
        _ table: SharedTable,
        isWanted: () -> Bool,
        _ body: (borrowing LocalSessionRows, _ now: UInt64) throws(CoordinationError) -> Answer
    ) throws(CoordinationError) -> Answer? {
        let transaction: SharedTableTransaction
        do { transaction = try table.beginWrite() } catch { throw CoordinationError(error) }
        holder.hold()
        let answer = try body(LocalSessionRows(transaction, place: folder), BootClock.milliseconds())
        guard isWanted() else {
            transaction.abort()
            return nil
        }
        do { try transaction.commit() } catch { throw CoordinationError(error) }
        return answer
    }

    /// Opens this boot's table, and deletes those of earlier boots.
    private func openTable() throws(CoordinationError) -> SharedTable {
        opening.lock()
        defer { opening.unlock() }
        if let table = lock.withLock({ state.table }) { return table }
        let own = "\(folder)/\(boot)"
        guard mkdir(own, 0o700) == 0 || errno == EEXIST else {
            throw CoordinationError(.unavailable, "cannot create \(own): \(String(cString: strerror(errno)))")
        }
        let opened: SharedTable
        do { opened = try SharedTable(folder: own, isOfOneBoot: true) } catch { throw CoordinationError(error) }
        lock.withLock { state.table = opened }
        // A failure costs disk space, nothing else, and is tried again.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name != boot && name != "holder" {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
        return opened
    }

    // MARK: The thread

    private func enqueue(_ job: Job) {
        let isTaken = lock.withLock {
            guard !state.isStopping, state.jobs.count < CoordinationLimits.queuedCallsMax else { return false }
            state.jobs.append(job)
            lock.signalProgress()
            return true
        }
        if !isTaken {
            job.refuse(CoordinationError(.unavailable, "\(folder): too many calls wait for the coordinator; try later"))
        }
    }

    private func work() {
        while let job = next() {
            do throws(CoordinationError) {
                try job.run(try openTable())
            } catch {
                job.refuse(error)
            }
        }
    }

    private func next() -> Job? {
        lock.lock()
        defer { lock.unlock() }
        while state.jobs.isEmpty {
            if state.isStopping { return nil }
            // The period only bounds the wait; a job wakes it.
            lock.waitForProgress(milliseconds: 60_000)
        }
        return state.jobs.removeFirst()
    }
}
