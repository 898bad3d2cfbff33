import Node
import Operations

extension ReshardSession {
    /// Runs `body` with the coordinator open, and closes it.
    static func run<Outcome>(
        _ options: ConfigOptions,
        _ body: (ReshardSession) async throws -> Outcome
    ) async throws -> Outcome {
        let session: ReshardSession
        do {
            session = try await open(options.load())
        } catch let refusal as Refusal {
            throw CommandFailure(refusal.hasNotBegun ? .unreachable : .usage, refusal.message)
        }
        do {
            let outcome = try await body(session)
            await session.close()
            return outcome
        } catch {
            await session.close()
            throw error
        }
    }
}
