import Coordination
import Model
import Resharding

/// What people do with a job: begin it, pause it, let it go on, cancel it, change its rate.
extension ReshardCoordinator {
    /// Each attempt follows a fresh look; who loses so often has somebody against them, and is told so.
    private static let attemptsMax = 8

    /// Begins a job: writes it, and the map with the new shards in it, if nothing has changed since the snapshot that it was
    /// planned on.
    ///
    /// An attempt without an answer is looked after and made again until it is known what became of it.
    /// - Parameter snapshot: what the plan was made from.
    /// - Throws: `ReshardError` `.wrongState` while another job is under way, `.stalePlan` when the map has changed;
    ///   `CoordinationError`, after which a later snapshot tells whether it has begun.
    package func begin(_ job: ReshardJob, on snapshot: CoordinatorSnapshot) async throws {
        var snapshot = snapshot
        for attempt in 1...Self.attemptsMax {
            if snapshot.job?.id == job.id { return }
            try Self.requireNone(snapshot)
            let step = try job.beginning(on: snapshot.map, after: snapshot.job)
            let proposal = ReshardProposal(
                number: UInt64(attempt),
                map: step.map,
                mapRevision: snapshot.mapRevision,
                records: [:],
                jobRevision: snapshot.jobRevision,
                job: step.job
            )
            switch await propose(proposal, known: snapshot) {
            case .committed: return
            case .conflict(let found): snapshot = found
            case .unknown: snapshot = try await self.snapshot()
            }
        }
        throw Self.contended
    }

    /// Changes the job by `body`, which is given the job as it is and throws if it can't be changed so.
    /// - Parameter id: the job that is meant; nil: whichever there is.
    /// - Returns: the job as it is written.
    /// - Throws: `ReshardError` of `body`, and `.wrongState` when there is no such job; `CoordinationError`.
    package func change(
        _ id: String? = nil,
        _ body: (ReshardJob) throws(ReshardError) -> ReshardJob
    ) async throws -> ReshardJob {
        var wanted: ReshardJob?
        for _ in 1...Self.attemptsMax {
            let snapshot = try await snapshot()
            guard let job = snapshot.job, id == nil || job.id == id else {
                throw ReshardError(.wrongState, "there is no such reshard; begin one with `shoal reshard run`")
            }
            // An attempt without an answer was made after all.
            if job == wanted { return job }
            let next = try body(job)
            if next == job { return job }
            wanted = next
            do throws(CoordinationError) {
                if try await write(next, expected: snapshot.jobRevision) != nil { return next }
            } catch {
                guard error.code == .unknownOutcome else { throw error }
            }
        }
        throw Self.contended
    }

    private static let contended = CoordinationError(
        .unavailable,
        "the reshard's document is changed by others all the time, or the coordinator hardly answers: look at "
            + "`shoal reshard status` and try again"
    )

    /// Refuses while a job is under way: only one can be.
    package static func requireNone(_ snapshot: CoordinatorSnapshot) throws(ReshardError) {
        guard let job = snapshot.job, !job.state.isEnded else { return }
        throw ReshardError(
            .wrongState,
            "a reshard is under way (\(job.state.rawValue), asked for by \(job.requester)): wait for its end, or end it with "
                + "`shoal reshard cancel`"
        )
    }
}
