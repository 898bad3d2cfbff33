import Glibc

/// A pthread mutex with two conditions.
///
/// `Synchronization.Mutex` has neither conditions nor a way to hold it across a whole read of a socket, and both are
/// needed here: an event loop takes the lock once per read, the applier waits with a deadline.
package final class StoreLock: @unchecked Sendable {
    // Sendable: pthread objects are made to be shared between threads; the pointers never change.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let work = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let progress = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(work, &attributes)
        pthread_cond_init(progress, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(work)
        pthread_cond_destroy(progress)
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        work.deallocate()
        progress.deallocate()
    }

    @inline(__always) package func lock() { pthread_mutex_lock(mutex) }
    @inline(__always) package func unlock() { pthread_mutex_unlock(mutex) }

    package func withLock<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        lock()
        defer { unlock() }
        return try body()
    }

    /// Wakes the thread that does background work. Lock held.
    func signalWork() { pthread_cond_broadcast(work) }

    /// Wakes those that wait for background work to advance. Lock held.
    package func signalProgress() { pthread_cond_broadcast(progress) }

    /// Waits for `signalWork` or the time. Lock held before and after.
    func waitForWork(milliseconds: Int) { wait(work, milliseconds) }

    /// Waits for `signalProgress` or the time. Lock held before and after.
    package func waitForProgress(milliseconds: Int) { wait(progress, milliseconds) }

    private func wait(_ condition: UnsafeMutablePointer<pthread_cond_t>, _ milliseconds: Int) {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let nanoseconds = deadline.tv_nsec + milliseconds % 1000 * 1_000_000
        deadline.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_cond_timedwait(condition, mutex, &deadline)
    }
}
