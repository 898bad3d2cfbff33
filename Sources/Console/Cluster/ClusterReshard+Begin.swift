import Model
import Node
import Operations
import Resharding
import Routing

/// Checks of new nodes, the rehearsal, and the beginning of a job.
extension ClusterReshard {
    /// A shard's first lease and its record take a second or two; a slow disk some more.
    private static let joinPatience = Duration.seconds(20)
    private static let joinPace = Duration.milliseconds(100)

    /// What stands in the way, in words.
    private struct Blocker: Error, CustomStringConvertible {
        var description: String
        init(_ text: String) { description = text }
    }

    /// A console that hosts nodes hosts new ones, too; one that only watches does not tie a node to itself.
    private var startsNodes: Bool { !cluster.embedded.isEmpty }

    func look(at check: ReshardRequest.NewNode, _ session: ReshardSession) async {
        do {
            let snapshot = try await session.coordinator.snapshot()
            let (place, text) = await place(of: check, snapshot, session)
            tell(.checked(check, NewNodeFinding(isGood: isGood(place, isReplica: check.isReplica), text: text)))
        } catch {
            tell(.checked(check, NewNodeFinding(isGood: false, text: "\(error)")))
        }
    }

    private func place(
        of check: ReshardRequest.NewNode,
        _ snapshot: CoordinatorSnapshot,
        _ session: ReshardSession
    ) async -> (place: ReshardNodes.Place, text: String) {
        await session.nodes.place(
            of: check,
            snapshot,
            at: session.place,
            config: session.config,
            starts: startsNodes
        )
    }

    private func isGood(_ place: ReshardNodes.Place, isReplica: Bool) -> Bool {
        switch place {
        case .runs, .startable: true
        case .absent: isReplica
        case .unfit: false
        }
    }

    // MARK: Rehearsal

    /// Everything that `start` looks at, with nothing started and nothing written.
    func rehearse(_ request: ReshardRequest, _ version: UInt64, _ session: ReshardSession) async {
        var lines: [ReshardRehearsal.Line] = []
        func note(_ isGood: Bool, _ text: String) { lines.append(.init(isGood: isGood, text: text)) }
        do {
            let snapshot = try await session.coordinator.snapshot()
            let isSame = snapshot.map.version == version
            note(isSame, "slot map \(snapshot.map.version) at \(session.place)" + (isSame ? "" : ", not \(version)"))
            if let job = snapshot.job, !job.state.isEnded {
                note(false, "a reshard is \(job.state.rawValue), asked for by \(job.requester)")
            } else {
                note(true, "no other reshard is under way")
            }
            let counts = await session.nodes.counts(snapshot)
            let plan = try plan(request, snapshot, counts, session)
            for (shard, reason) in plan.missing(counts.unknown) { note(false, "\(shard) takes part, but \(reason)") }
            if plan.missing(counts.unknown).isEmpty { note(true, "the leader of every shard that takes part answers") }
            for check in Self.checks(of: request.add) {
                let (place, text) = await place(of: check, snapshot, session)
                note(isGood(place, isReplica: check.isReplica), text)
            }
            note(true, try rehearseConfig(plan, snapshot, session))
        } catch {
            note(false, "\(error)")
        }
        tell(.rehearsed(ReshardRehearsal(request: request, mapVersion: version, lines: lines)))
    }

    private func rehearseConfig(
        _ plan: ReshardPlan,
        _ snapshot: CoordinatorSnapshot,
        _ session: ReshardSession
    ) throws -> String {
        try session.rehearseConfig(try session.job(plan, rate: nil), snapshot)
        let isChanged = !plan.request.add.isEmpty || !plan.request.remove.isEmpty
        return isChanged
            ? "\(session.config.file) can be changed, and stays valid" : "\(session.config.file) stays as it is"
    }

    private static func checks(of shards: [ReshardRequest.NewShard]) -> [ReshardRequest.NewNode] {
        shards.flatMap { shard in
            shard.nodes.map { ReshardRequest.NewNode(shard: shard.name, address: $0, isReplica: $0 != shard.address) }
        }
    }

    private func plan(
        _ request: ReshardRequest,
        _ snapshot: CoordinatorSnapshot,
        _ counts: ReshardNodes.Counts,
        _ session: ReshardSession
    ) throws(ReshardError) -> ReshardPlan {
        try ReshardPlan(request, current: snapshot.map, policy: session.config.placement, counts: counts.slots)
    }

    // MARK: The beginning

    /// Starts nodes that this console is to run, looks at everything again, and writes the job. Nodes that were started for
    /// nothing are stopped again.
    func start(_ request: ReshardRequest, _ version: UInt64, _ rate: UInt64?, _ session: ReshardSession) async {
        var started: [String] = []
        do {
            let snapshot = try await session.coordinator.snapshot()
            try Self.requireSame(snapshot, version)
            try ReshardCoordinator.requireNone(snapshot)
            let own = try await nodesToStart(request, snapshot, session)
            if !own.isEmpty {
                tell(.starting("starting \(own.map(\.name).joined(separator: ", "))"))
                started = own.map(\.name)
                await cluster.take(own)
                try await waitUntilLed(own, session)
            }
            tell(.starting("asking every node"))
            let id = try await begin(request, version, rate, session)
            tell(.started(job: id))
            wake()
        } catch {
            await cluster.release(started)
            tell(.refused("\(error)"))
            wake()
        }
    }

    private static func requireSame(_ snapshot: CoordinatorSnapshot, _ version: UInt64) throws(ReshardError) {
        guard snapshot.map.version == version else {
            throw ReshardError(.stalePlan, "the slot map has changed meanwhile: look at the plan again")
        }
    }

    /// The new shards with the nodes that nobody runs, and that this console can start.
    private func nodesToStart(
        _ request: ReshardRequest,
        _ snapshot: CoordinatorSnapshot,
        _ session: ReshardSession
    ) async throws(Blocker) -> [ReshardRequest.NewShard] {
        var own: [ReshardRequest.NewShard] = []
        for shard in request.add {
            var isOwn = false
            for check in Self.checks(of: [shard]) {
                let (place, text) = await place(of: check, snapshot, session)
                guard isGood(place, isReplica: check.isReplica) else { throw Blocker(text) }
                if place == .startable { isOwn = true }
            }
            if isOwn { own.append(shard) }
        }
        return own
    }

    /// Until the coordinator says that each of them has its leader: only then a job can count on it.
    private func waitUntilLed(_ shards: [ReshardRequest.NewShard], _ session: ReshardSession) async throws {
        let deadline = ContinuousClock.now + Self.joinPatience
        while true {
            let snapshot = try await session.coordinator.snapshot()
            guard let first = ReshardNodes.unled(shards, snapshot) else { return }
            guard ContinuousClock.now < deadline else {
                throw Blocker("\(first.address) has not become the leader of \(first.name): see the events (1)")
            }
            try await Task.sleep(for: Self.joinPace)
        }
    }

    /// On the counts of now; the nodes that were to be started run.
    private func begin(
        _ request: ReshardRequest,
        _ version: UInt64,
        _ rate: UInt64?,
        _ session: ReshardSession
    ) async throws -> String {
        let snapshot = try await session.coordinator.snapshot()
        try Self.requireSame(snapshot, version)
        let counts = await session.nodes.counts(snapshot)
        let plan = try plan(request, snapshot, counts, session)
        return try await session.begin(plan, on: snapshot, unknown: counts.unknown, rate: rate).id
    }
}
