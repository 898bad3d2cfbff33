import Model
import Node
import Operations
import Routing
import Synchronization

/// Resharding as the console does it: asks coordinator and nodes on tasks of its own, and tells what it learns as events.
/// Closing it ends the looking, never a job.
package final class ClusterReshard: ReshardPort {
    /// What nobody fetches is not kept for ever: the newest events tell everything that counts.
    private static let eventsMax = 256

    struct State {
        var events: [ReshardEvent] = []
        /// Between `enter` and `leave`.
        var isEntered = false
        /// Somebody has entered since the ground was told.
        var wantsGround = false
        /// The coordinator, opened once for all that is asked.
        var opening: Task<ReshardSession, any Error>?
        var watching: Task<Void, Never>?
        /// Cut short when there is news.
        var sleeper: Task<Void, Never>?
        var isAwake = false
        var isClosed = false
        var counts: Counts?
        var isCounting = false
    }

    /// Keys and bytes by slot, for a while.
    struct Counts {
        var mapVersion: UInt64
        var counts: ReshardNodes.Counts
        var at: ContinuousClock.Instant
    }

    let cluster: EmbeddedCluster
    /// Whether config.yaml may be changed: not with `--read-only`.
    let mayChange: Bool
    let state = Mutex(State())

    /// - Parameter mayChange: false for a console that only looks.
    package init(_ cluster: EmbeddedCluster, mayChange: Bool) {
        self.cluster = cluster
        self.mayChange = mayChange
    }

    /// Begins to look for jobs. Call once.
    package func begin() {
        let task = Task { await self.watch() }
        state.withLock { $0.watching = task }
    }

    /// Ends looking and gives the coordinator back; a job goes on.
    package func close() async {
        let task = state.withLock { state in
            state.isClosed = true
            return state.watching
        }
        task?.cancel()
        wake()
        await task?.value
        // One that could not be opened needs no closing.
        if let session = try? await state.withLock({ $0.opening })?.value { await session.close() }
    }

    package func drain() -> [ReshardEvent] {
        state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    package func send(_ command: ReshardCommand) {
        switch command {
        case .enter, .leave:
            state.withLock { state in
                state.isEntered = command == .enter
                state.wantsGround = state.isEntered
            }
            wake()
        case .check(let check): work { await self.look(at: check, $0) }
        case .rehearse(let request, let version): work { await self.rehearse(request, version, $0) }
        case .start(let request, let version, let rate): work { await self.start(request, version, rate, $0) }
        case .pause(let job):
            change(job) { job throws(ReshardError) in
                try job.pausing(reason: "paused by \(ReshardSession.requester)")
            }
        case .resume(let job): change(job) { job throws(ReshardError) in try job.resuming() }
        case .cancel(let job):
            change(job) { job throws(ReshardError) in
                try job.cancelling(reason: "cancelled by \(ReshardSession.requester)")
            }
        case .limit(let job, let rate): change(job) { job throws(ReshardError) in try job.limiting(to: rate) }
        }
    }

    /// Does what needs a session on a task of its own; says so where there is none.
    private func work(_ body: @escaping @Sendable (ReshardSession) async -> Void) {
        Task {
            do {
                await body(try await session())
            } catch {
                tell(.refused("\(error)"))
            }
        }
    }

    private func change(
        _ id: String,
        _ body: @escaping @Sendable (ReshardJob) throws(ReshardError) -> ReshardJob
    ) {
        work { session in
            do {
                _ = try await session.coordinator.change(id, body)
            } catch {
                self.tell(.refused("\(error)"))
            }
            self.wake()
        }
    }

    /// The coordinator, opened when there is one; with the shards that config.yaml has now.
    /// - Throws: why there is none yet.
    func session() async throws -> ReshardSession {
        let config = cluster.config
        let opening = state.withLock { state -> Task<ReshardSession, any Error>? in
            guard !state.isClosed else { return nil }
            if let opening = state.opening { return opening }
            let opening = Task { try await ReshardSession.open(config) }
            state.opening = opening
            return opening
        }
        guard let opening else { throw ReshardError(.wrongState, "the console ends") }
        do {
            var session = try await opening.value
            session.config.shards = config.shards
            return session
        } catch {
            state.withLock { state in
                if state.opening == opening { state.opening = nil }
            }
            throw error
        }
    }

    func tell(_ event: ReshardEvent) {
        state.withLock { state in
            state.events.append(event)
            if state.events.count > Self.eventsMax { state.events.removeFirst() }
        }
        cluster.wake()
    }

    // MARK: The pace of looks

    /// Looks again now.
    func wake() {
        state.withLock { state in
            state.isAwake = true
            state.sleeper?.cancel()
        }
    }

    /// Waits for so long, or until `wake`.
    func pause(_ duration: Duration) async {
        // Cut short on purpose; that it was is of no interest.
        let sleeper = Task { _ = try? await Task.sleep(for: duration) }
        state.withLock { state in
            state.sleeper = sleeper
            if state.isAwake { sleeper.cancel() }
            state.isAwake = false
        }
        await withTaskCancellationHandler {
            await sleeper.value
        } onCancel: {
            sleeper.cancel()
        }
    }
}
