import Model
import Replication
import Resharding
import Routing

/// The coordinator: always right, not always there.
final class ReshardCoordinatorModel {
    unowned let cluster: ReshardCluster
    private(set) var snapshot: CoordinatorSnapshot
    private var revision: UInt64 = 1
    /// When each shard's leader's session ends, in microseconds of true time.
    private var sessionEnds: [String: UInt64] = [:]
    private var watchers: [ReshardProcess] = []
    var isDown = false { didSet { if oldValue, !isDown { recover() } } }
    var lossChance = 0.0
    var slowness: UInt64 = 0
    private(set) var decisions = 0
    private(set) var conflicts = 0

    init(cluster: ReshardCluster, map: SlotMap) {
        self.cluster = cluster
        snapshot = CoordinatorSnapshot(map: map, mapRevision: 1, records: [:], job: nil, jobRevision: 0)
    }

    // MARK: Transactions

    /// Whoever is there may take over once the leader's session is over, or at once if it was that member's own.
    func takeOver(shard: String, member: String, isPlanned: Bool) -> CoordinatorSnapshot? {
        let record = snapshot.records[shard]?.record
        let isOwn = record?.leader?.id == member
        guard isPlanned || isOwn || (sessionEnds[shard] ?? 0) <= cluster.now else { return nil }
        revision += 1
        let leader = Member(id: member, address: ReshardCluster.address(of: shard, member).description)
        snapshot.records[shard] = SeenRecord(
            record: ShardRecord(
                shard: shard,
                term: (record?.term ?? 0) + 1,
                leader: leader,
                session: "S\(revision)",
                inSync: [leader]
            ),
            revision: revision
        )
        sessionEnds[shard] = cluster.now + ReshardCluster.sessionTime
        changed()
        return snapshot
    }

    func renew(shard: String, term: UInt64) -> Bool {
        guard snapshot.records[shard]?.record?.term == term, (sessionEnds[shard] ?? 0) > cluster.now else {
            return false
        }
        sessionEnds[shard] = cluster.now + ReshardCluster.sessionTime
        return true
    }

    func leads(_ process: ReshardProcess) -> Bool {
        snapshot.records[process.log.name]?.record?.term == process.term
    }

    func isSessionOver(_ shard: String) -> Bool { (sessionEnds[shard] ?? 0) <= cluster.now }

    func decide(_ proposal: ReshardProposal) -> ReshardOutcome {
        let isSame =
            proposal.mapRevision == snapshot.mapRevision
            && (proposal.jobRevision == snapshot.jobRevision || cluster.plants(.jobNotCompared))
            && proposal.records.allSatisfy { ($0.value) == snapshot.records[$0.key]?.revision ?? 0 }
        guard isSame else {
            conflicts += 1
            return .conflict(snapshot)
        }
        decisions += 1
        write(proposal.map, proposal.job)
        return .committed(revision: revision)
    }

    /// An operator's change of the journal, or a member that left the in-sync set.
    func write(_ map: SlotMap?, _ job: ReshardJob?) {
        revision += 1
        if let map { (snapshot.map, snapshot.mapRevision) = (map, revision) }
        if let job { (snapshot.job, snapshot.jobRevision) = (job, revision) }
        cluster.trace("coordinator \(revision): map \(snapshot.map.version), job \(job?.state.rawValue ?? "as before")")
        changed()
    }

    func touch(_ shard: String) {
        guard let seen = snapshot.records[shard] else { return }
        revision += 1
        snapshot.records[shard] = SeenRecord(record: seen.record, revision: revision)
        changed()
    }

    // MARK: Watches and calls

    func attach(_ process: ReshardProcess) {
        watchers.removeAll { !$0.isAlive }
        watchers.append(process)
        tell(process)
    }

    private func changed() { for watcher in watchers where watcher.isAlive { tell(watcher) } }

    private func recover() {
        for shard in sessionEnds.keys { sessionEnds[shard] = cluster.now + ReshardCluster.sessionTime }
        changed()
    }

    private func tell(_ process: ReshardProcess) {
        guard !isDown else { return }
        deliver(snapshot, to: process, after: cluster.latency() + slowness)
    }

    private func deliver(_ snapshot: CoordinatorSnapshot, to process: ReshardProcess, after delay: UInt64) {
        cluster.at(cluster.now + delay) { [weak self, weak process] in
            guard let self, let process, process.isAlive else { return }
            if process.isCutFromCoordinator || isDown { return deliver(self.snapshot, to: process, after: 50_000) }
            process.soon { $0.see(snapshot) }
        }
    }

    /// A request and its answer, either of which may be lost; nil after the patience of the caller.
    func call<T>(_ process: ReshardProcess, _ request: @escaping () -> T, _ answer: @escaping (T?) -> Void) {
        var isDone = false
        func finish(_ value: T?) {
            guard !isDone else { return }
            isDone = true
            answer(value)
        }
        cluster.at(cluster.now + cluster.latency() + slowness / 2) { [self] in
            guard !isDown, !process.isCutFromCoordinator, !cluster.random.chance(lossChance) else { return }
            let value = request()
            cluster.at(cluster.now + cluster.latency() + slowness / 2) { [self] in
                guard !isDown, !process.isCutFromCoordinator, !cluster.random.chance(lossChance) else { return }
                finish(value)
            }
        }
        cluster.at(cluster.now + ReshardCluster.coordinatorPatience) { finish(nil) }
    }
}
