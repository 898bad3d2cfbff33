import Model
import Node
import Operations

/// A change of the job's document by `pause` or `resume`.
struct ReshardChange {
    let config: ConfigOptions
    let json: Bool

    /// - Parameter advice: what can be done next.
    func make(
        _ advice: String,
        _ body: @Sendable (ReshardJob) throws(ReshardError) -> ReshardJob
    ) async throws {
        try await ReshardSession.run(config) { session in
            let job = try await session.coordinator.change(nil, body)
            if json {
                let status = await session.status(try await session.coordinator.snapshot())
                StandardStreams.writeLine(try JSONOutput.text(of: status))
            } else {
                let rate = job.rate.map { ", at most \(MegabytesPerSecond.text($0))" } ?? ""
                StandardStreams.writeLine("the reshard is \(job.state.rawValue)\(rate): \(advice)")
            }
        }
    }
}
