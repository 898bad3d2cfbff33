import Coordination
import Model
import Node
import Replication
import Resharding
import Routing
import Synchronization
import TestSupport
import Testing

/// Beginning a job and changing it, over the local coordinator and one whose answers get lost.
@Suite struct ReshardCoordinatorTests {
    private let folder: TestFolder
    private let backend: LossyBackend
    private let coordinator: ReshardCoordinator

    init() async throws {
        folder = try TestFolder()
        backend = LossyBackend(try LocalBackend(folder: "\(folder.path)/c/coordinator"))
        let cluster = ClusterCoordinator(cluster: "c", backend: backend)
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
        _ = try await cluster.begin(known: nil, firstMap: map, timeout: .seconds(10))
        coordinator = ReshardCoordinator(cluster)
    }

    private func job(_ id: String, _ snapshot: CoordinatorSnapshot, rate: UInt64? = nil) throws -> ReshardJob {
        let name = "new\(id)"
        let request = ReshardRequest(add: [.init(name: name, address: NodeAddress(host: name, port: 1))])
        let plan = try ReshardPlan(request, current: snapshot.map, policy: .fixed)
        return try ReshardJob(plan, id: id, requester: "test", now: 0, rate: rate)
    }

    private func code(_ body: () async throws -> Void) async -> ReshardError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? ReshardError)?.code
        }
    }

    @Test func aJobBeginsWithItsNewShardsInTheMap() async throws {
        let before = try await coordinator.snapshot()
        #expect(before.job == nil && before.jobRevision == 0)
        try await coordinator.begin(try job("1", before), on: before)
        let after = try await coordinator.snapshot()
        #expect(after.job?.id == "1" && after.job?.state == .running)
        #expect(after.map.shardNames == ["a", "b", "new1"] && after.map.version == before.map.version + 1)
        #expect(after.mapRevision == after.jobRevision, "one transaction")
        // Only one at a time, from an old snapshot or from a new one.
        for snapshot in [before, after] {
            #expect(await code { try await coordinator.begin(try job("2", snapshot), on: snapshot) } == .wrongState)
        }
        #expect(try await coordinator.snapshot().mapRevision == after.mapRevision)
    }

    @Test func aStalePlanIsRefused() async throws {
        let before = try await coordinator.snapshot()
        let first = try job("1", before)
        try await coordinator.begin(first, on: before)
        _ = try await coordinator.change { job throws(ReshardError) in try job.cancelling() }
        let snapshot = try await coordinator.snapshot()
        let ending = try #require(snapshot.job?.ending(on: snapshot.map))
        let proposal = ReshardProposal(
            number: 1,
            map: ending.map,
            mapRevision: snapshot.mapRevision,
            records: [:],
            jobRevision: snapshot.jobRevision,
            job: ending.job
        )
        guard case .committed = await coordinator.propose(proposal, known: snapshot) else {
            Issue.record("the job did not end")
            return
        }
        #expect(await code { try await coordinator.begin(try job("2", before), on: before) } == .stalePlan)
        let now = try await coordinator.snapshot()
        try await coordinator.begin(try job("3", now), on: now)
        #expect(try await coordinator.snapshot().job?.id == "3")
    }

    /// Whether the change was made or not: it is made once.
    @Test(arguments: [[LossyBackend.Fate.done], [.undone], [.undone, .undone, .done], [.unavailable]])
    func aBeginningWithoutAnAnswerIsLookedAfter(fates: [LossyBackend.Fate]) async throws {
        let before = try await coordinator.snapshot()
        backend.lose(fates)
        try await coordinator.begin(try job("1", before), on: before)
        let after = try await coordinator.snapshot()
        #expect(after.job?.id == "1" && after.map.version == before.map.version + 1)
    }

    @Test func aCoordinatorThatNeverAnswersIsGivenUp() async throws {
        let before = try await coordinator.snapshot()
        backend.lose(Array(repeating: .undone, count: 100))
        await #expect(throws: CoordinationError.self) { try await coordinator.begin(try job("1", before), on: before) }
        #expect(try await coordinator.snapshot().job == nil)
    }

    @Test func aJobIsPausedResumedLimitedAndCancelled() async throws {
        #expect(
            await code { _ = try await coordinator.change { job throws(ReshardError) in try job.pausing() } }
                == .wrongState
        )
        let before = try await coordinator.snapshot()
        try await coordinator.begin(try job("1", before, rate: 1_000_000), on: before)
        let paused = try await coordinator.change("1") { job throws(ReshardError) in try job.pausing(reason: "lunch") }
        #expect(paused.state == .paused && paused.reason == "lunch")
        #expect(try await coordinator.snapshot().job == paused)
        #expect(
            await code { _ = try await coordinator.change { job throws(ReshardError) in try job.pausing() } }
                == .wrongState
        )
        #expect(await code { _ = try await coordinator.change("2") { $0 } } == .wrongState)
        let limited = try await coordinator.change { job throws(ReshardError) in
            try job.resuming().limiting(to: 2_000_000)
        }
        #expect(limited.state == .running && limited.rate == 2_000_000 && limited.reason == nil)
        let revision = try await coordinator.snapshot().jobRevision
        _ = try await coordinator.change { $0 }
        #expect(try await coordinator.snapshot().jobRevision == revision, "nothing to write")
        let cancelled = try await coordinator.change { job throws(ReshardError) in try job.cancelling() }
        #expect(cancelled.state == .cancelling)
        #expect(try await coordinator.snapshot().map.version == before.map.version + 1, "the map is not touched")
    }

    @Test(arguments: [[LossyBackend.Fate.done], [.undone], [.undone, .done]])
    func aChangeWithoutAnAnswerIsLookedAfter(fates: [LossyBackend.Fate]) async throws {
        let before = try await coordinator.snapshot()
        try await coordinator.begin(try job("1", before), on: before)
        backend.lose(fates)
        let paused = try await coordinator.change { job throws(ReshardError) in try job.pausing() }
        #expect(paused.state == .paused)
        #expect(try await coordinator.snapshot().job == paused)
    }

    /// Two that change it at once both get their way, one after the other.
    @Test func changesAtTheSameTimeAreNotLost() async throws {
        let before = try await coordinator.snapshot()
        try await coordinator.begin(try job("1", before), on: before)
        let coordinator = coordinator
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await coordinator.change { job throws(ReshardError) in try job.pausing() } }
            group.addTask {
                _ = try await coordinator.change { job throws(ReshardError) in try job.limiting(to: 1 << 20) }
            }
            try await group.waitForAll()
        }
        let job = try await coordinator.snapshot().job
        #expect(job?.state == .paused && job?.rate == 1 << 20)
    }

    @Test func aDocumentOfAnotherProgramIsSaid() async throws {
        let snapshot = try await coordinator.snapshot()
        let plan = try job("1", snapshot)
        let cluster = ClusterCoordinator(cluster: "c", backend: backend)
        let name = ReshardJob.documentName
        _ = try await cluster.documents.change([.init(name: name, json: Array("{}".utf8), expected: 0)])
        await #expect(throws: CoordinationError.self) { try await coordinator.snapshot() }
        await #expect(throws: (any Error).self) { try await coordinator.begin(plan, on: snapshot) }
    }
}

/// A coordinator that loses answers.
final class LossyBackend: CoordinatorBackend {
    enum Fate: Sendable {
        /// Done, but nobody is told.
        case done
        /// Lost on the way there.
        case undone
        /// Surely not done.
        case unavailable
    }

    private let backend: LocalBackend
    private let fates = Mutex<[Fate]>([])

    init(_ backend: LocalBackend) { self.backend = backend }

    /// What becomes of the next transactions that write.
    func lose(_ fates: [Fate]) { self.fates.withLock { $0 = fates } }

    var kind: CoordinatorKind { backend.kind }
    var place: String { backend.place }

    func grantSession(ttl: UInt64, timeout: Duration) async throws(CoordinationError) -> SessionLease {
        try await backend.grantSession(ttl: ttl, timeout: timeout)
    }

    func renewSession(_ id: String, timeout: Duration) async throws(CoordinationError) -> SessionLease {
        try await backend.renewSession(id, timeout: timeout)
    }

    func endSession(_ id: String, timeout: Duration) async throws(CoordinationError) {
        try await backend.endSession(id, timeout: timeout)
    }

    func read(_ prefix: String, isExact: Bool, timeout: Duration) async throws(CoordinationError) -> CoordinatorRange {
        // The suite shares two cores with others: its own patience.
        try await backend.read(prefix, isExact: isExact, timeout: .seconds(10))
    }

    func transact(
        _ compares: [CoordinatorCompare],
        _ operations: [CoordinatorOperation],
        reading: [String],
        timeout: Duration
    ) async throws(CoordinationError) -> CoordinatorOutcome {
        let fate = operations.isEmpty ? nil : fates.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        switch fate {
        case .undone: throw CoordinationError(.unknownOutcome, "lost")
        case .unavailable: throw CoordinationError(.unavailable, "away")
        case .done, nil: break
        }
        let outcome = try await backend.transact(compares, operations, reading: reading, timeout: .seconds(10))
        if fate == .done { throw CoordinationError(.unknownOutcome, "lost") }
        return outcome
    }

    func watch(_ prefix: String) -> CoordinatorWatch { backend.watch(prefix) }
    func close() async { await backend.close() }
}
