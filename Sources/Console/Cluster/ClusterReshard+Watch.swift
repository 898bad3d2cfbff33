import Model
import Node
import Operations
import Resharding
import Routing
import Synchronization

/// What is looked at again and again: the job, and the ground while the wizard is open.
extension ClusterReshard {
    /// While somebody plans, or a job runs.
    private static let quickPace = Duration.milliseconds(500)
    /// While nobody does: a job of somebody else is seen soon enough.
    private static let calmPace = Duration.seconds(2)
    /// Counts of all slots are up to a megabyte of each shard.
    private static let countsAge = Duration.seconds(3)

    /// What was told, so that only news is.
    private struct Told {
        var view: ReshardJobView?
        var ground: ReshardGround?
        var problem: String?
        var tally = ReshardTally()
        /// Jobs whose end was seen from here, and whether config.yaml is in line with what is known of them.
        var seenUnfinished: String?
        var settled: Settled?
    }

    private struct Settled: Hashable {
        var job: String
        var isEnded: Bool
    }

    func watch() async {
        var told = Told()
        while !Task.isCancelled {
            let isBusy = await look(&told)
            await pause(isBusy ? Self.quickPace : Self.calmPace)
        }
    }

    /// Returns whether there will be news soon.
    private func look(_ told: inout Told) async -> Bool {
        let isEntered = state.withLock { $0.isEntered }
        do {
            let session = try await session()
            let snapshot = try await session.coordinator.snapshot()
            if told.problem != nil { tell(.unavailable(nil)) }
            told.problem = nil
            try await lookAtJob(snapshot, session, &told)
            if isEntered { lookAtGround(snapshot, session, &told) }
            return isEntered || snapshot.job?.state.isEnded == false
        } catch {
            let problem = "\(error)"
            // Before the first node has run there is nothing to tell to somebody who does not ask.
            if told.problem != problem, isEntered || told.view != nil {
                tell(.unavailable(problem))
                told.problem = problem
            }
            return isEntered
        }
    }

    private func lookAtJob(_ snapshot: CoordinatorSnapshot, _ session: ReshardSession, _ told: inout Told) async throws
    {
        guard let job = snapshot.job else { return }
        if job == told.view?.job, job.state.isEnded { return }
        if told.view?.job.id != job.id { told.tally = ReshardTally() }
        if !job.state.isEnded { told.seenUnfinished = job.id }
        let nodes = told.tally.take(await session.nodes.progress(snapshot))
        let view = ReshardJobView(
            job: job,
            map: snapshot.map,
            status: ReshardStatus(job, map: snapshot.map, nodes: nodes)
        )
        if view != told.view { tell(.job(view)) }
        told.view = view
        if told.seenUnfinished == job.id { await settle(view, session, &told) }
    }

    /// Brings config.yaml and the nodes of this console in line with a job: when it has begun, and when it has ended.
    private func settle(_ view: ReshardJobView, _ session: ReshardSession, _ told: inout Told) async {
        let settled = Settled(job: view.job.id, isEnded: view.job.state.isEnded)
        guard mayChange, told.settled != settled else { return }
        told.settled = settled
        do throws(ConfigError) {
            try session.settleConfig(view.job, view.map)
        } catch {
            cluster.add(
                .error,
                "the reshard is \(view.job.state.rawValue), but config.yaml could not be brought in line: \(error)"
            )
        }
        cluster.followConfig()
        guard view.job.state.isEnded else { return }
        let names = view.job.request.remove + view.job.request.add.map(\.name)
        await cluster.release(names.filter { view.map.index(ofShard: $0) == nil })
    }

    private func lookAtGround(_ snapshot: CoordinatorSnapshot, _ session: ReshardSession, _ told: inout Told) {
        count(snapshot, session)
        let counts = state.withLock { $0.counts }.flatMap { $0.mapVersion == snapshot.map.version ? $0.counts : nil }
        let waiting = session.waiting(snapshot.map)
        let ground = ReshardGround(
            cluster: session.config.name,
            map: snapshot.map,
            policy: session.config.placement,
            nodes: session.addresses(snapshot, adding: Set(waiting.map(\.name))),
            waiting: waiting,
            replicas: session.config.shards.map(\.replicas.count).min() ?? 0,
            counts: counts.map { $0.unknown.isEmpty ? $0.slots : [] } ?? [],
            unknown: counts?.unknown ?? [:],
            configFile: session.config.file
        )
        let isWanted = state.withLock { state in
            defer { state.wantsGround = false }
            return state.wantsGround
        }
        guard isWanted || ground != told.ground else { return }
        told.ground = ground
        tell(.ground(ground))
    }

    /// Asks for the slots' counts beside, if those there are have become old: a leader that hangs holds nothing up.
    private func count(_ snapshot: CoordinatorSnapshot, _ session: ReshardSession) {
        let isDue = state.withLock { state in
            guard !state.isCounting, !state.isClosed else { return false }
            if let known = state.counts, known.mapVersion == snapshot.map.version,
                known.at.duration(to: .now) < Self.countsAge
            {
                return false
            }
            state.isCounting = true
            return true
        }
        guard isDue else { return }
        Task {
            let counts = await session.nodes.counts(snapshot)
            state.withLock { state in
                state.isCounting = false
                state.counts = Counts(mapVersion: snapshot.map.version, counts: counts, at: .now)
            }
            wake()
        }
    }
}
