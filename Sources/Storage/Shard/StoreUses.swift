/// Jobs of other threads that work with a store's files: its close waits for them. Has a lock of its own, since jobs begin
/// while their connection holds the store's.
final class StoreUses: @unchecked Sendable {
    // Sendable: `count` is guarded by `lock`.
    private let lock = StoreLock()
    /// Jobs under way; nil once the store closes.
    private var count: Int? = 0
    /// Each job's end wakes what waits; this only bounds what a lost wake could cost, in milliseconds.
    private static let pause = 1000

    /// - Returns: false when the store is closing; don't begin then.
    func begin() -> Bool {
        lock.withLock {
            guard let count else { return false }
            self.count = count + 1
            return true
        }
    }

    func end() {
        lock.withLock {
            count = count.map { $0 - 1 }
            lock.signalProgress()
        }
    }

    /// Refuses new jobs and waits for those under way.
    func close() {
        lock.withLock {
            while let count, count > 0 { lock.waitForProgress(milliseconds: StoreUses.pause) }
            count = nil
        }
    }
}
