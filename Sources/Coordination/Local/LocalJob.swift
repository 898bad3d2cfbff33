import Storage

/// Something the writer's thread does in a transaction of its own.
protocol LocalJob: Sendable {
    /// Asked before and after the wait for the file's lock.
    var isWanted: Bool { get }
    /// Changes the ledger; what it returns is done by the thread when the changes are durable, or have failed to be.
    func run(_ ledger: inout LocalLedger) -> LocalAnswer
    /// It can't be done.
    func refuse(_ error: CoordinationError)
}

/// How a job's caller hears of it.
struct LocalAnswer {
    /// False when it was called off: then nothing may be written.
    var mayCommit: () -> Bool
    /// After the commit; nil: all is well.
    var tell: (CoordinationError?) -> Void
}

/// A call that writes.
struct LocalWrite<Answer: Sendable>: LocalJob {
    let call: LocalCall<Answer>
    let body: @Sendable (inout LocalLedger) throws(CoordinationError) -> Answer

    var isWanted: Bool { call.isWanted }

    func run(_ ledger: inout LocalLedger) -> LocalAnswer {
        let result: Result<Answer, CoordinationError>
        do throws(CoordinationError) {
            result = .success(try body(&ledger))
        } catch {
            result = .failure(error)
        }
        let call = call
        return LocalAnswer(
            mayCommit: { call.mayCommit() },
            tell: { failure in call.answer(failure.map { .failure($0) } ?? result) }
        )
    }

    func refuse(_ error: CoordinationError) { call.answer(.failure(error)) }
}

/// Ends what is over; asked for by the thread that watches the time.
struct LocalSweep: LocalJob {
    /// nil: well.
    let done: @Sendable (CoordinationError?) -> Void

    var isWanted: Bool { true }

    func run(_ ledger: inout LocalLedger) -> LocalAnswer {
        LocalAnswer(mayCommit: { true }, tell: { done($0) })
    }

    func refuse(_ error: CoordinationError) { done(error) }
}

/// Ends the writer's thread; seen by the thread itself.
struct LocalClosing: LocalJob {
    let call: LocalCall<Bool>
    var isWanted: Bool { true }

    func run(_ ledger: inout LocalLedger) -> LocalAnswer {
        LocalAnswer(mayCommit: { false }, tell: { _ in })
    }

    func refuse(_ error: CoordinationError) { call.answer(.success(false)) }
}
