import Coordination
import Synchronization

/// Tasks that wait for the coordinator: on coordination's own event loop, so that neither a client's command nor a stop
/// holds them up, and with one owner that ends them.
///
/// What runs here must not block; how many there are is bounded by whoever begins them.
final class CoordinatorCalls: Sendable {
    private struct State {
        var next: UInt64 = 0
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var hasEnded = false
    }

    private let state = Mutex(State())

    deinit { end() }

    /// Nothing happens after `end`.
    func begin(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            guard !state.hasEnded else { return }
            let number = state.next
            state.next += 1
            // It removes itself behind this lock, so never before it is there.
            state.tasks[number] = Task(executorPreference: CoordinationExecutor.shared) { [weak self] in
                await body()
                self?.remove(number)
            }
        }
    }

    /// Cancels what is under way; the coordinator's calls return at once then.
    func end() {
        let tasks = state.withLock { state in
            state.hasEnded = true
            defer { state.tasks = [:] }
            return state.tasks
        }
        for task in tasks.values { task.cancel() }
    }

    private func remove(_ number: UInt64) { state.withLock { $0.tasks[number] = nil } }
}
