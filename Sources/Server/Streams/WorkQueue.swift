import Storage

/// Jobs that may block, one after the other, on a thread of their own. The one way in which a node waits for a disk, a
/// coordinator or its event loops.
///
/// The thread begins with the first job and ends with `close`.
package final class WorkQueue: Sendable {
    private let core: Core

    /// - Parameter name: the thread's name as the system shows it; 15 characters at the most.
    package init(_ name: StaticString) { core = Core(name) }

    deinit { core.end() }

    /// - Returns: whether it will be done; not after `close`, nor behind `jobsMax` others.
    @discardableResult
    package func add(_ job: @escaping @Sendable () -> Void) -> Bool { core.add(job) }

    /// Does the job in its turn and waits for it without a thread.
    /// - Returns: nil if it was not taken (see `add`).
    package func run<T: Sendable>(_ job: @escaping @Sendable () -> T) async -> T? {
        await withCheckedContinuation { continuation in
            if !add({ continuation.resume(returning: job()) }) { continuation.resume(returning: nil) }
        }
    }

    /// The same; the caller's thread blocks. Neither for event loops nor for jobs of this queue.
    package func runBlocking<T: Sendable>(_ job: @escaping @Sendable () -> T) -> T? {
        let answer = Answer<T>()
        guard add({ answer.give(job()) }) else { return nil }
        return answer.wait()
    }

    /// Does what has been added and ends the thread. Blocks; neither for event loops nor for jobs of this queue. A queue that
    /// was closed before is left alone.
    package func close() { core.end()?.join() }

    /// Does what has been added, then calls `done` on the thread, and ends it. Returns at once. For a queue that was closed
    /// before it is called at once.
    package func close(then done: @escaping @Sendable () -> Void) {
        if !core.end(with: done) { done() }
    }

    /// A handful of jobs is under way at a time; far more means that a disk hangs for good.
    package static let jobsMax = 4096
}

/// What the thread and the queue share: a queue that nobody holds any more ends its thread.
private final class Core: @unchecked Sendable {
    // Sendable: everything mutable is guarded by `lock`.
    private let name: StaticString
    private let lock = StoreLock()
    private var jobs: [@Sendable () -> Void] = []
    private var isEnding = false
    private var thread: StoreThread?

    init(_ name: StaticString) { self.name = name }

    func add(_ job: @escaping @Sendable () -> Void) -> Bool {
        lock.withLock {
            guard !isEnding, jobs.count < WorkQueue.jobsMax else { return false }
            if thread == nil { thread = StoreThread { self.work() } }
            jobs.append(job)
            lock.signalProgress()
            return true
        }
    }

    /// - Returns: the thread, for whoever joins it; it is detached otherwise.
    @discardableResult
    func end() -> Ending? {
        lock.withLock {
            isEnding = true
            lock.signalProgress()
            defer { thread = nil }
            return thread.map(Ending.init)
        }
    }

    /// - Returns: false when it has ended before: `last` is not done then.
    func end(with last: @escaping @Sendable () -> Void) -> Bool {
        lock.withLock {
            guard !isEnding else { return false }
            isEnding = true
            // Kept for whoever closes the queue afterwards, and waits for the thread.
            if thread == nil { thread = StoreThread { self.work() } }
            jobs.append(last)
            lock.signalProgress()
            return true
        }
    }

    private func work() {
        ThreadName.set(name)
        while let job = next() { job() }
    }

    private func next() -> (@Sendable () -> Void)? {
        lock.lock()
        defer { lock.unlock() }
        while jobs.isEmpty {
            if isEnding { return nil }
            // The period only bounds the wait; a job wakes it.
            lock.waitForProgress(milliseconds: 10_000)
        }
        return jobs.removeFirst()
    }
}

/// A thread that is about to end: joined once, or let go.
private final class Ending {
    private let thread: StoreThread
    private var isJoined = false

    init(_ thread: StoreThread) { self.thread = thread }

    deinit { if !isJoined { thread.detach() } }

    func join() {
        isJoined = true
        thread.join()
    }
}
