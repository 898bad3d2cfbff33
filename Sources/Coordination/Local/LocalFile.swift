import Glibc
import NIOCore
import Storage
import Synchronization

/// The local coordinator's file as one process has it open, shared by all of the process's nodes: LMDB forbids to open a
/// file twice. One thread writes, one reads and watches, one keeps sessions; calls wait for them with a deadline, so that
/// neither an event loop nor Swift's own threads ever wait for the disk or for another process.
final class LocalFile: Sendable {
    let folder: String
    let changes: LocalChanges
    let sessions: LocalSessions
    private let holder: LocalHolder
    private let key: LocalFiles.Key

    private struct State {
        var table: SharedTable?
        var isReady = false
        var jobs: [any LocalJob] = []
        var isSweeping = false
        var isClosed = false
        var lastReaderCheck: UInt64 = 0
    }

    /// Guards `state` and wakes the writer.
    private let lock = StoreLock()
    /// Only under `lock`.
    nonisolated(unsafe) private var state = State()
    private let watcher: LocalWatcher

    /// A reader's slot of a process that died is freed at least so often (milliseconds).
    private static let readerCheckPeriod: UInt64 = 30_000

    init(folder: String, key: LocalFiles.Key) throws(CoordinationError) {
        guard let boot = BootClock.bootID() else {
            throw CoordinationError(
                .unavailable,
                "the local coordinator needs the boot's id from /proc/sys/kernel/random/boot_id: mount /proc"
            )
        }
        self.folder = folder
        self.key = key
        changes = try LocalChanges(folder: folder)
        holder = try LocalHolder(path: folder + "/holder")
        watcher = try LocalWatcher(changes: changes)
        sessions = try LocalSessions(folder: folder, boot: boot)
        StoreThread { self.write() }.detach()
        watcher.start(self)
    }

    // MARK: Calls

    /// Runs `body` in a transaction of its own, on the writer's thread.
    func write<Answer: Sendable>(
        _ what: String,
        timeout: Duration,
        _ body: @escaping @Sendable (inout LocalLedger) throws(CoordinationError) -> Answer
    ) async throws(CoordinationError) -> Answer {
        try await call(what, timeout) { call in enqueue(LocalWrite(call: call, body: body)) }
    }

    /// Runs `body` on the newest state, on the watcher's thread.
    func read<Answer: Sendable>(
        _ what: String,
        timeout: Duration,
        _ body: @escaping @Sendable (borrowing LocalLedger) throws(CoordinationError) -> Answer
    ) async throws(CoordinationError) -> Answer {
        try await call(what, timeout) { call in
            let run: @Sendable (borrowing LocalLedger) -> Void = { ledger in
                guard call.isWanted else { return }
                do throws(CoordinationError) {
                    call.answer(.success(try body(ledger)))
                } catch {
                    call.answer(.failure(error))
                }
            }
            watcher.read(LocalWatcher.Read(run: run, refuse: { call.answer(.failure($0)) }))
        }
    }

    private func call<Answer: Sendable>(
        _ what: String,
        _ timeout: Duration,
        _ start: (LocalCall<Answer>) -> Void
    ) async throws(CoordinationError) -> Answer {
        let late: @Sendable () -> String = { [folder, holder] in
            "\(folder): \(what) took longer than \(timeout): the disk or another process's write lock holds it up"
                + holder.words
        }
        return try await LocalCall<Answer>.perform(what, timeout, late, start)
    }

    func follow(_ watch: CoordinatorWatch) { watcher.follow(watch) }

    // MARK: The writer's queue

    private func enqueue(_ job: any LocalJob) {
        let isTaken = lock.withLock {
            guard !state.isClosed, state.jobs.count < CoordinationLimits.queuedCallsMax else { return false }
            state.jobs.append(job)
            lock.signalProgress()
            return true
        }
        if !isTaken {
            job.refuse(CoordinationError(.unavailable, "\(folder): too many calls wait for the coordinator; try later"))
        }
    }

    /// Ends what is over, soon; nothing if that is under way. Also opens the file.
    func sweep() {
        let isNeeded = lock.withLock {
            defer { state.isSweeping = true }
            return !state.isSweeping
        }
        guard isNeeded else { return }
        enqueue(
            LocalSweep { failure in
                self.lock.withLock { self.state.isSweeping = false }
                self.watcher.isSwept(failure)
            }
        )
    }

    /// The table to read; nil until the writer has opened it and ended the sessions of an earlier boot.
    var table: SharedTable? { lock.withLock { state.isReady ? state.table : nil } }

    /// Ends both threads and closes the file, unless somebody wants it again before its turn comes. Returns when that is
    /// done, or after the time: a writer that waits for another process's lock can't be ended.
    func close(timeout: Duration) async {
        let call = LocalCall<Bool>()
        let timer = CoordinationLoop.after(timeout) { call.answer(.success(false)) }
        defer { timer.cancel() }
        enqueue(LocalClosing(call: call))
        _ = await call.result()
    }

    // MARK: The writer's thread

    private func write() {
        while true {
            let job = lock.withLock { () -> any LocalJob in
                // The period only bounds the wait; a job wakes it.
                while state.jobs.isEmpty { lock.waitForProgress(milliseconds: 60_000) }
                return state.jobs.removeFirst()
            }
            if let closing = job as? LocalClosing {
                guard endIfUnused() else {
                    closing.call.answer(.success(false))
                    continue
                }
                closing.call.answer(.success(true))
                return
            }
            guard job.isWanted else { continue }
            do throws(CoordinationError) {
                try perform(job)
            } catch {
                job.refuse(error)
            }
        }
    }

    private func perform(_ job: any LocalJob) throws(CoordinationError) {
        let table = try openTable()
        let transaction: SharedTableTransaction
        do { transaction = try table.beginWrite() } catch { throw CoordinationError(error) }
        holder.hold()
        // Whoever waited for the lock in vain has been told that nothing was changed.
        guard job.isWanted else { return transaction.abort() }
        // Read with the lock held: what is tied to a session that is found alive now can't have been removed by anyone.
        let now = BootClock.milliseconds()
        let settled = try sessions.settle(now: now)
        var ledger = try LocalLedger(transaction, place: folder, alive: settled.alive)
        try ledger.begin()
        let answer = job.run(&ledger)
        guard ledger.hasChanges else {
            transaction.abort()
            lock.withLock { state.isReady = true }
            answer.tell(nil)
            return try sessions.forget(settled.over)
        }
        guard answer.mayCommit() else { return transaction.abort() }
        let hasNews = ledger.hasNews
        do {
            try transaction.commit()
        } catch {
            let isClear = error.code == .diskFull
            return answer.tell(CoordinationError(isClear ? .unavailable : .unknownOutcome, error.message))
        }
        lock.withLock { state.isReady = true }
        if hasNews { changes.tell() }
        answer.tell(nil)
        try sessions.forget(settled.over)
        dropDeadReaders(table, now)
    }

    private func openTable() throws(CoordinationError) -> SharedTable {
        if let table = lock.withLock({ state.table }) { return table }
        let opened: SharedTable
        do { opened = try SharedTable(folder: folder) } catch { throw CoordinationError(error) }
        lock.withLock { state.table = opened }
        return opened
    }

    private func dropDeadReaders(_ table: SharedTable, _ now: UInt64) {
        let isDue = lock.withLock {
            guard now >= state.lastReaderCheck + Self.readerCheckPeriod else { return false }
            state.lastReaderCheck = now
            return true
        }
        // A failure costs disk space, nothing else, and is tried again.
        if isDue { _ = try? table.dropDeadReaders() }
    }

    /// Closes the file if nobody uses it; the registry's lock is held, so that nobody opens it meanwhile.
    private func endIfUnused() -> Bool {
        LocalFiles.endIfUnused(key) {
            watcher.stop()
            sessions.stop()
            let left = lock.withLock {
                state.isClosed = true
                state.table = nil
                defer { state.jobs = [] }
                return state.jobs
            }
            for job in left { job.refuse(CoordinationError(.closed, "\(folder): the coordinator was closed")) }
        }
    }
}
