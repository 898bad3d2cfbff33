import NIOCore
import Synchronization

/// One call to the local file, answered once: by the thread that does it, by its time-out, or by the cancellation of its
/// task, whichever comes first.
final class LocalCall<Answer: Sendable>: Sendable {
    private typealias Continuation = CheckedContinuation<Result<Answer, CoordinationError>, Never>

    private enum Stage {
        /// Nothing is changed yet, so it may still be called off.
        case revocable
        /// It is being written: from here on a time-out leaves the outcome unknown.
        case committing
        case answered
    }

    private struct State {
        var stage = Stage.revocable
        var continuation: Continuation?
        var early: Result<Answer, CoordinationError>?
    }

    private let state = Mutex(State())

    /// Whether somebody still waits for it.
    var isWanted: Bool { state.withLock { $0.stage != .answered } }

    /// Asked right before the write: false when it was called off, and nothing may be written.
    func mayCommit() -> Bool {
        state.withLock { state in
            guard case .revocable = state.stage else { return false }
            state.stage = .committing
            return true
        }
    }

    /// Answers it, unless it was answered before.
    func answer(_ result: Result<Answer, CoordinationError>) { settle { _ in result } }

    /// Answers with `unchanged()` if nothing was or will be written, else with `unknown()`.
    func callOff(unchanged: () -> CoordinationError, unknown: () -> CoordinationError) {
        settle { .failure($0 == .committing ? unknown() : unchanged()) }
    }

    private func settle(_ result: (Stage) -> Result<Answer, CoordinationError>) {
        let settled = state.withLock { state -> (Continuation, Result<Answer, CoordinationError>)? in
            guard state.stage != .answered else { return nil }
            let answer = result(state.stage)
            state.stage = .answered
            defer { state.continuation = nil }
            guard let continuation = state.continuation else {
                state.early = answer
                return nil
            }
            return (continuation, answer)
        }
        if let (continuation, answer) = settled { continuation.resume(returning: answer) }
    }

    /// Has `start` hand the call to a thread and waits for its answer, no longer than `timeout`.
    /// - Parameter late: what to say when the time is over.
    static func perform(
        _ what: String,
        _ timeout: Duration,
        _ late: @escaping @Sendable () -> String,
        _ start: (LocalCall) -> Void
    ) async throws(CoordinationError) -> Answer {
        let call = LocalCall()
        let timer = CoordinationLoop.after(timeout) {
            call.callOff(
                unchanged: { CoordinationError(.unavailable, late()) },
                unknown: { CoordinationError(.unknownOutcome, late() + "; it may still be done") }
            )
        }
        defer { timer.cancel() }
        start(call)
        let result = await withTaskCancellationHandler {
            await call.result()
        } onCancel: {
            call.callOff(
                unchanged: { CoordinationError(.cancelled, "\(what): cancelled") },
                unknown: { CoordinationError(.unknownOutcome, "\(what): cancelled while it was being written") }
            )
        }
        return try result.get()
    }

    func result() async -> Result<Answer, CoordinationError> {
        await withCheckedContinuation { continuation in
            let early = state.withLock { state in
                if state.early == nil { state.continuation = continuation }
                return state.early
            }
            if let early { continuation.resume(returning: early) }
        }
    }
}
