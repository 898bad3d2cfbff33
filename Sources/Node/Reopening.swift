import Logging
import Model
import NIOCore
import Server
import Storage
import Synchronization

/// When a shard that has failed is opened again: soon, then more and more seldom, and soon again after it has been well.
struct Reopening {
    private var delay = Reopening.delayFirst
    private var lastTry: UInt64 = 0
    private var timer: Scheduled<Void>?
    private var isEnded = false

    /// In milliseconds. A disk that is well again is noticed within the longest.
    private static let delayFirst: UInt64 = 250
    private static let delayMax: UInt64 = 4_000
    /// A shard that was open for so long is no longer one that keeps failing, in milliseconds.
    private static let wellAfter: UInt64 = 60_000

    /// How long to wait before the next try, in milliseconds.
    mutating func nextDelay(_ now: UInt64) -> UInt64 {
        if now >= lastTry + Reopening.wellAfter { delay = Reopening.delayFirst }
        defer { delay = min(delay * 2, Reopening.delayMax) }
        lastTry = now + delay
        return delay
    }

    /// Keeps the timer of the next try, in place of another.
    mutating func keep(_ timer: Scheduled<Void>) {
        self.timer?.cancel()
        self.timer = isEnded ? nil : timer
        if isEnded { timer.cancel() }
    }

    /// No more tries.
    mutating func end() {
        isEnded = true
        timer?.cancel()
        timer = nil
    }
}

extension Node {
    /// Leadership's word, once for each opening: what was queued is settled, another member becomes leader if it can.
    /// Opening the shard again trusts nothing that the failed store has said (docs/storage-format.md).
    func storeHasFailed(_ failure: StorageError) {
        logger.error("the shard has failed, and is opened again", metadata: ["reason": "\(failure.message)"])
        reopenLater()
    }

    private func reopenLater() {
        let delay = state.withLock { $0.reopening.nextDelay(Clock.monotonicMilliseconds()) }
        let timer = loops.control.scheduleTask(in: .milliseconds(Int64(delay))) { [weak self] () -> Void in
            self?.reopen()
        }
        state.withLock { $0.reopening.keep(timer) }
    }

    private func reopen() {
        work.add { [weak self] in
            guard let self else { return }
            let stop = OpeningStop()
            // Somebody may have stopped or started it meanwhile.
            let isFailed = state.withLock { state in
                guard state.phase == .failed || state.shard?.store.failed != nil else { return false }
                state.openingStop = stop
                return true
            }
            guard isFailed else { return }
            closeShard(.starting, "opening the data folder again")
            guard let error = openShard(stop, {}) else { return }
            // Nothing that waiting could change.
            if error.code != .corrupt, error.code != .foreignFolder { reopenLater() }
        }
    }
}
