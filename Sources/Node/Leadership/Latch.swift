import Storage

/// Opened once; whoever waits goes on then.
final class Latch: @unchecked Sendable {
    // Sendable: `isOpen` is guarded by `lock`.
    private let lock = StoreLock()
    private var isOpen = false

    func open() {
        lock.withLock {
            isOpen = true
            lock.signalProgress()
        }
    }

    /// Blocks until it is open, or the time is over.
    /// - Returns: whether it is open.
    @discardableResult
    func wait(milliseconds: Int) -> Bool {
        let started = Clock.monotonicMilliseconds()
        return lock.withLock {
            while !isOpen {
                let waited = Int(Clock.monotonicMilliseconds() - started)
                guard waited < milliseconds else { return false }
                lock.waitForProgress(milliseconds: milliseconds - waited)
            }
            return true
        }
    }
}
