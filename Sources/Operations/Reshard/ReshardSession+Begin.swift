import Model
import Node
import Resharding

/// Why a job was not begun, in one line that says what to do.
package struct ReshardBlocker: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String
    /// A node that takes part, or is to, does not answer.
    package var isUnreachable: Bool

    package var description: String { message }
}

extension ReshardSession {
    /// The job that a plan becomes, asked for by whoever runs this process.
    /// - Parameter rate: bytes per second; nil for no limit of its own.
    package func job(_ plan: ReshardPlan, rate: UInt64?) throws(ReshardError) -> ReshardJob {
        try ReshardJob(
            plan,
            id: ReshardSession.jobID(),
            requester: ReshardSession.requester,
            now: Clock.wallMilliseconds(),
            rate: rate
        )
    }

    /// Looks at everything that would let a job get stuck, then writes it: the one way in which a job begins.
    /// - Parameters:
    ///   - snapshot: what the plan was made from.
    ///   - unknown: `ReshardNodes.Counts.unknown` of that time.
    ///   - note: is told what does not keep the job from beginning.
    /// - Throws: `ReshardBlocker`, and what `rehearseConfig` and `ReshardCoordinator.begin` throw.
    package func begin(
        _ plan: ReshardPlan,
        on snapshot: CoordinatorSnapshot,
        unknown: [String: String],
        rate: UInt64?,
        note: (String) -> Void = { _ in }
    ) async throws -> ReshardJob {
        if let (shard, reason) = plan.missing(unknown).first {
            throw ReshardBlocker(message: "\(shard) takes part, but \(reason)", isUnreachable: true)
        }
        let findings = await nodes.findings(plan.request.add, snapshot, place: place)
        for finding in findings where finding.isHarmless { note(finding.message) }
        if let first = findings.first(where: { !$0.isHarmless }) {
            throw ReshardBlocker(message: first.message, isUnreachable: first.isUnreachable)
        }
        let job = try job(plan, rate: rate)
        try rehearseConfig(job, snapshot)
        try await coordinator.begin(job, on: snapshot)
        return job
    }
}
