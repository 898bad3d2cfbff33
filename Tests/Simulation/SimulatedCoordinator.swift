import Coordination
import Model
import Node
import Replication
import Routing
import Storage

/// The coordinator: always right, not always there.
final class SimulatedCoordinator {
    unowned let cluster: Cluster
    private let clockRate: Double
    /// When each session ends, by the coordinator's own clock.
    private var sessions: [String: UInt64] = [:]
    private var nextSession = 1
    /// Which coordinator it is; nil before a node has begun the cluster.
    private(set) var identity: ClusterIdentity?
    private(set) var ledger = SimulatedLedger()
    /// The newest, by shard.
    private(set) var records: [SeenRecord]
    private var watches: [SimulatedWatch] = []
    var isDown = false { didSet { isDownChanged(from: oldValue) } }
    /// Microseconds that every exchange takes in addition.
    var slowness: UInt64 = 0
    /// The chance that a request, and that an answer, gets lost.
    var lossChance = 0.0
    /// Compare-and-swaps under way: asked, and not yet executed or lost.
    private(set) var proposalsUnderWay = 0

    init(cluster: Cluster, shards: Int) {
        self.cluster = cluster
        clockRate = 0.97 + 0.06 * Double(cluster.random.pick(below: 1_001)) / 1_000
        records = Array(repeating: SeenRecord(record: nil, revision: 0), count: shards)
    }

    private var clock: UInt64 { UInt64(Double(cluster.now) * clockRate / 1_000) }
    static let place = 1_000

    // MARK: Requests, executed where they arrive

    /// Finds the cluster, or begins it, in one transaction.
    func join(as fresh: ClusterIdentity, firstMap: SlotMap, known: String) -> ClusterJoin.Outcome {
        guard known.isEmpty || known == identity?.coordinator else {
            return .failure(CoordinationError(.wrongCoordinator, "this is \(identity?.coordinator ?? "a new one")"))
        }
        if identity == nil {
            identity = fresh
            cluster.trace("\(fresh.coordinator) begins the cluster")
            write(ClusterKeys.map, .map(firstMap))
        }
        guard let identity, let (map, revision) = ledger.map(at: ledger.revision) else {
            return .failure(CoordinationError(.corrupt, "there is no slot map"))
        }
        let seen = records.compactMap { seen in seen.record.map { ($0.shard, seen) } }
        return .success(
            JoinedCluster(
                identity: identity,
                map: map,
                mapRevision: revision,
                records: Dictionary(uniqueKeysWithValues: seen)
            )
        )
    }

    func openSession() -> String {
        let id = "S\(nextSession)"
        nextSession += 1
        extend(id)
        write(ClusterKeys.session(id), .session, session: id)
        return id
    }

    func renew(_ id: String) -> Bool {
        guard sessions[id] != nil else { return false }
        extend(id)
        return true
    }

    /// When it ends, in true time, if nobody renews it; nil if it has ended.
    func end(of id: String) -> UInt64? { sessions[id].map { UInt64(Double($0) * 1_000 / clockRate) } }

    func end(_ id: String) {
        guard sessions.removeValue(forKey: id) != nil else { return }
        ledger.end(session: id, at: cluster.now)
        tellWatches()
    }

    /// - Returns: whether its session is there.
    func publish(_ notice: MemberNotice) -> Bool {
        guard sessions[notice.session] != nil else { return false }
        write(ClusterKeys.notice(notice.shard, member: notice.member.id), .notice(notice), session: notice.session)
        return true
    }

    func propose(_ proposal: ShardProposal, shard: Int) -> ProposalOutcome {
        let found = records[shard]
        let absent = proposal.absentSession.map { sessions[$0] == nil } ?? true
        guard found.revision == proposal.expectedRevision, absent,
            proposal.requiredSessions.allSatisfy({ sessions[$0] != nil })
        else { return .conflict(found) }
        let record = proposal.record
        write(ClusterKeys.shard(record.shard), .record(record))
        records[shard] = SeenRecord(record: record, revision: ledger.revision)
        cluster.trace(
            "record \(ledger.revision): term \(record.term) leader \(record.leader?.id ?? "-") \(record.session) "
                + "in sync \(record.inSync.map(\.id).joined(separator: ","))"
        )
        cluster.checkInSync(shard)
        return .committed(revision: ledger.revision)
    }

    func read(_ shard: Int) -> (SeenRecord, [MemberNotice]) {
        (records[shard], ledger.notices(of: "s\(shard)", at: ledger.revision))
    }

    private func write(_ key: String, _ value: SimulatedLedger.Value, session: String? = nil) {
        ledger.put(key, value, session: session, at: cluster.now)
        tellWatches()
    }

    // MARK: Sessions

    private func extend(_ id: String) {
        let ttl = Cluster.leaseMilliseconds
        sessions[id] = clock + ttl
        let wait = UInt64(Double(ttl + 1) * 1_000 / clockRate) + cluster.random.pick(0...300_000)
        cluster.at(cluster.now + wait) { [weak self] in self?.expire(id) }
    }

    private func expire(_ id: String) {
        guard !isDown, let end = sessions[id], end <= clock else { return }
        cluster.trace("session \(id) expires")
        self.end(id)
    }

    private func isDownChanged(from wasDown: Bool) {
        if isDown, !wasDown { for watch in watches { watch.breaks() } }
        // As etcd does: a new leader gives every session its whole time again.
        if !isDown, wasDown { for id in sessions.keys.sorted() { extend(id) } }
    }

    // MARK: The network to it

    func watch(by process: SimulatedProcess) -> SimulatedWatch {
        let watch = SimulatedWatch(coordinator: self, process: process)
        watches.append(watch)
        watch.connect()
        return watch
    }

    func watches(of process: SimulatedProcess) -> [SimulatedWatch] { watches.filter { $0.process === process } }

    func forget(_ watch: SimulatedWatch) { watches.removeAll { $0 === watch } }

    private func tellWatches() {
        watches.removeAll { !$0.isAlive }
        for watch in watches { watch.changed() }
    }

    /// Whether what a node sends arrives now, and what is sent to it.
    func hears(_ node: Int) -> Bool { !isDown && !cluster.isCut(node, SimulatedCoordinator.place) && !loses() }
    func reaches(_ node: Int) -> Bool { !isDown && !cluster.isCut(SimulatedCoordinator.place, node) && !loses() }

    /// A request and its answer, either of which may be lost.
    func exchange<T>(with node: Int, _ request: @escaping () -> T, _ answer: @escaping (T) -> Void) {
        let there = cluster.latency(node, SimulatedCoordinator.place) + slowness / 2
        proposalsUnderWay += 1
        cluster.at(cluster.now + there) { [self] in
            proposalsUnderWay -= 1
            guard hears(node) else { return }
            let value = request()
            let back = cluster.latency(SimulatedCoordinator.place, node) + slowness / 2
            cluster.at(cluster.now + back) { [self] in
                guard reaches(node) else { return }
                answer(value)
            }
        }
    }

    private func loses() -> Bool {
        guard lossChance > 0, cluster.random.chance(lossChance) else { return false }
        cluster.faults += 1
        return true
    }
}
