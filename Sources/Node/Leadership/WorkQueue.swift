import Storage
import Synchronization

/// Jobs that may block, one after the other, on a thread of their own.
final class WorkQueue: @unchecked Sendable {
    // Sendable: everything mutable is guarded by `lock`.
    /// Leadership asks for a handful of things at a time; far more means that its disk hangs for good.
    private static let jobsMax = 4096

    private let lock = StoreLock()
    private var jobs: [@Sendable () -> Void] = []
    private var isEnding = false
    private var thread: StoreThread?

    init() {
        thread = StoreThread { [unowned self] in run() }
    }

    /// - Returns: whether it will be done; not after `end`.
    @discardableResult
    func add(_ job: @escaping @Sendable () -> Void) -> Bool {
        lock.withLock {
            guard !isEnding, jobs.count < WorkQueue.jobsMax else { return false }
            jobs.append(job)
            lock.signalProgress()
            return true
        }
    }

    /// Does what has been added and ends the thread. Blocks; not from a job.
    func end() {
        lock.withLock {
            isEnding = true
            lock.signalProgress()
        }
        thread?.join()
        thread = nil
    }

    private func run() {
        while let job = next() { job() }
    }

    private func next() -> (@Sendable () -> Void)? {
        lock.lock()
        defer { lock.unlock() }
        while jobs.isEmpty {
            if isEnding { return nil }
            lock.waitForProgress(milliseconds: 10_000)
        }
        return jobs.removeFirst()
    }
}
