import Glibc
import Storage
import Synchronization

/// The thread that reads the local coordinator's file: for calls, for watches, and for sessions whose time is over.
///
/// It sleeps until another process or its own says that something changed (inotify), a call comes, or a session's time is
/// over; and looks by itself once in a while, for changes whose writer died before it told of them.
final class LocalWatcher: Sendable {
    /// A call that reads.
    struct Read: Sendable {
        var run: @Sendable (borrowing LocalLedger) -> Void
        var refuse: @Sendable (CoordinationError) -> Void
    }

    /// Milliseconds between looks of its own; the second where inotify is not to be had.
    private static let lookPeriod: Int32 = 250
    private static let pollPeriod: Int32 = 25

    private struct Followed {
        let watch: CoordinatorWatch
        /// The revision it was told of; nil: nothing yet.
        var revision: UInt64?
    }

    private struct State {
        var reads: [Read] = []
        var watches: [Followed] = []
        var isStopping = false
        var thread: StoreThread?
    }

    private let changes: LocalChanges
    private let state = Mutex(State())
    /// A pipe: read end, write end.
    private let wake: (Int32, Int32)

    init(changes: LocalChanges) throws(CoordinationError) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            throw CoordinationError(.unavailable, "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        wake = (ends[0], ends[1])
        self.changes = changes
    }

    deinit {
        Glibc.close(wake.0)
        Glibc.close(wake.1)
    }

    func start(_ file: LocalFile) {
        let thread = StoreThread { self.run(file) }
        state.withLock { $0.thread = thread }
    }

    /// Ends the thread, and every watch.
    func stop() {
        let (thread, watches) = state.withLock { state in
            state.isStopping = true
            defer { (state.thread, state.watches) = (nil, []) }
            return (state.thread, state.watches)
        }
        rouse()
        thread?.join()
        for followed in watches { followed.watch.cancel() }
    }

    func read(_ read: Read) {
        let refusal = state.withLock { state -> CoordinationError? in
            if state.isStopping { return CoordinationError(.closed, "the coordinator was closed") }
            guard state.reads.count < CoordinationLimits.queuedCallsMax else {
                return CoordinationError(.unavailable, "too many calls wait for the coordinator; try later")
            }
            state.reads.append(read)
            return nil
        }
        if let refusal { read.refuse(refusal) }
        rouse()
    }

    func follow(_ watch: CoordinatorWatch) {
        state.withLock { $0.watches.append(Followed(watch: watch)) }
        watch.onEnd { [weak self] in self?.forget(watch) }
        rouse()
    }

    private func forget(_ watch: CoordinatorWatch) {
        state.withLock { $0.watches.removeAll { $0.watch === watch } }
    }

    /// What it asked of the writer is done, or can't be.
    func isSwept(_ failure: CoordinationError?) {
        guard let failure else { return rouse() }
        interrupt(failure)
        refuseReads(failure)
    }

    private func rouse() {
        var byte: UInt8 = 0
        // A full pipe wakes it as well.
        _ = write(wake.1, &byte, 1)
    }

    // MARK: The thread

    private func run(_ file: LocalFile) {
        var reader: SharedTableTransaction?
        var deadline: UInt64?
        var seen: UInt64?
        while !state.withLock({ $0.isStopping }) {
            if reader == nil {
                reader = makeReader(file)
                if reader == nil { file.sweep() }
            }
            if let reader {
                do throws(CoordinationError) {
                    try look(reader, file, &seen, &deadline)
                } catch {
                    interrupt(error)
                    refuseReads(error)
                }
            }
            sleep(until: deadline)
        }
        reader?.abort()
        refuseReads(CoordinationError(.closed, "\(file.folder): the coordinator was closed"))
    }

    private func makeReader(_ file: LocalFile) -> SharedTableTransaction? {
        guard let table = file.table else { return nil }
        do {
            return try table.makeReader()
        } catch {
            interrupt(CoordinationError(error))
            return nil
        }
    }

    private func look(
        _ reader: SharedTableTransaction,
        _ file: LocalFile,
        _ seen: inout UInt64?,
        _ deadline: inout UInt64?
    ) throws(CoordinationError) {
        do { try reader.refresh() } catch { throw CoordinationError(error) }
        defer { reader.rest() }
        let ledger = try LocalLedger(reader, place: file.folder)
        for read in takeReads() { read.run(ledger) }
        try tell(ledger)
        let now = BootClock.milliseconds()
        if seen != ledger.revision || deadline.map({ now >= $0 }) ?? false {
            deadline = try file.sessions.nextDeadline()
            seen = ledger.revision
        }
        if let end = deadline, now >= end { file.sweep() }
    }

    private func tell(_ ledger: borrowing LocalLedger) throws(CoordinationError) {
        let revision = ledger.revision
        let stale = state.withLock { state in
            defer {
                for index in state.watches.indices { state.watches[index].revision = revision }
            }
            return state.watches.filter { $0.revision != revision }
        }
        for followed in stale {
            let entries = try ledger.entries(below: followed.watch.prefix)
            followed.watch.replace(with: CoordinatorRange(entries: entries, revision: revision))
        }
    }

    private func interrupt(_ error: CoordinationError) {
        let watches = state.withLock { state in
            for index in state.watches.indices { state.watches[index].revision = nil }
            return state.watches
        }
        for followed in watches { followed.watch.interrupt(error) }
    }

    private func takeReads() -> [Read] {
        state.withLock { state in
            defer { state.reads = [] }
            return state.reads
        }
    }

    private func refuseReads(_ error: CoordinationError) {
        for read in takeReads() { read.refuse(error) }
    }

    private func sleep(until deadline: UInt64?) {
        var period = changes.notifications >= 0 ? Self.lookPeriod : Self.pollPeriod
        if let deadline {
            let now = BootClock.milliseconds()
            // At least a little: a sweep that another process holds up must not be asked for in a circle.
            period = min(period, max(Self.pollPeriod, Int32(clamping: deadline > now ? deadline - now + 1 : 0)))
        }
        var waiting = [
            pollfd(fd: wake.0, events: Int16(POLLIN), revents: 0),
            pollfd(fd: changes.notifications, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&waiting, nfds_t(waiting.count), period) > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 64)
        while Glibc.read(wake.0, &bytes, bytes.count) > 0 {}
        changes.drain()
    }
}
