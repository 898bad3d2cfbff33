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

/// Those that wait for something leadership was asked for.
struct Waiters {
    var stop: Latch?
    /// The newest session's end has been told to the coordinator.
    var ended: Latch?
    /// Switchovers asked for and not ended; the machine takes one at a time and answers each.
    var switchovers: [@Sendable (String?) -> Void] = []

    mutating func endSwitchover(_ failure: String?) {
        guard !switchovers.isEmpty else { return }
        switchovers.removeFirst()(failure)
    }
}
