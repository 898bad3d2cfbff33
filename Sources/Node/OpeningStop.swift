import Synchronization

/// That somebody wants the opening of a shard to end, told at once to whatever the opening waits for. One per opening.
final class OpeningStop: Sendable {
    private struct State {
        var isStopped = false
        var onStop: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Any thread.
    func stop() {
        let onStop = state.withLock { state in
            state.isStopped = true
            defer { state.onStop = nil }
            return state.onStop
        }
        onStop?()
    }

    /// Calls it once when the opening is to end, at once if it is already; in place of what was given before.
    func whenStopped(_ body: @escaping @Sendable () -> Void) {
        let isStopped = state.withLock { state in
            if !state.isStopped { state.onStop = body }
            return state.isStopped
        }
        if isStopped { body() }
    }
}
