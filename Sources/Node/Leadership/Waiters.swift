import Server
import Synchronization

/// Those that wait for something leadership was asked for.
struct Waiters {
    /// The machine has stopped.
    var onStopped: (@Sendable () -> Void)?
    /// Of the newest session.
    var ending: SessionEnding?
    /// Switchovers asked for and not ended; the machine takes one at a time and answers each.
    var switchovers: [@Sendable (String?) -> Void] = []

    mutating func endSwitchover(_ failure: String?) {
        guard !switchovers.isEmpty else { return }
        switchovers.removeFirst()(failure)
    }
}

/// That a session's end has been told to the coordinator, or could not be.
final class SessionEnding: Sendable {
    private let state = Mutex<(isOver: Bool, waiter: (@Sendable () -> Void)?)>((false, nil))

    func end() {
        let waiter = state.withLock { state in
            state.isOver = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?()
    }

    /// Calls it once, at the end or at once if that has been. From any thread.
    func whenOver(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.waiter = body }
            return state.isOver
        }
        if isOver { body() }
    }
}
