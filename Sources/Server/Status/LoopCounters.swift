import Synchronization

/// What one event loop has counted since its node started. Its loop alone adds; any thread may read at any time.
final class LoopCounters: Sendable {
    /// Connections accepted, and those of them that are gone (or have become peer streams).
    let connectionsReceived = LoopCounter()
    let connectionsLeft = LoopCounter()
    /// Connections for which there was no place.
    let connectionsRefused = LoopCounter()
    /// WAITs begun and ended.
    let waitsBegun = LoopCounter()
    let waitsEnded = LoopCounter()
    /// Redis commands and HTTP requests that were understood.
    let commands = LoopCounter()
    /// Replies that tell of an error.
    let errors = LoopCounter()
    /// Keys that reads found, and those they did not.
    let hits = LoopCounter()
    let misses = LoopCounter()
    /// Bytes from and to clients; peer streams are not counted.
    let bytesReceived = LoopCounter()
    let bytesSent = LoopCounter()
}

/// A number with one writer: adding needs no read-modify-write, and a reader sees it at most a moment late.
struct LoopCounter: ~Copyable, Sendable {
    private let value = Atomic<UInt64>(0)

    var total: UInt64 { value.load(ordering: .relaxed) }

    /// On the loop that owns the counter.
    @inline(__always)
    borrowing func add(_ number: Int) {
        value.store(value.load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: number), ordering: .relaxed)
    }
}
