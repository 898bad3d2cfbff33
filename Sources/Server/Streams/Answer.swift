import Model
import Storage

/// One value from whoever comes to know it to threads that wait for it. The first one given counts.
package final class Answer<Value: Sendable>: @unchecked Sendable {
    // Sendable: `value` is guarded by `lock`.
    private let lock = StoreLock()
    private var value: Value?

    package init() {}

    package func give(_ new: Value) {
        lock.withLock {
            if value == nil { value = new }
            lock.signalProgress()
        }
    }

    /// Blocks until it is given, or until the time is over.
    /// - Returns: nil when it was not given in time.
    @discardableResult
    package func wait(milliseconds: Int) -> Value? {
        let started = Clock.monotonicMilliseconds()
        return lock.withLock {
            while true {
                if let value { return value }
                let waited = Int(Clock.monotonicMilliseconds() - started)
                guard waited < milliseconds else { return nil }
                lock.waitForProgress(milliseconds: milliseconds - waited)
            }
        }
    }

    /// Blocks until it is given.
    package func wait() -> Value {
        lock.lock()
        defer { lock.unlock() }
        while true {
            if let value { return value }
            // The period only bounds the wait; the value wakes it.
            lock.waitForProgress(milliseconds: 10_000)
        }
    }
}

extension Answer where Value == Void {
    package func give() { give(()) }
}
