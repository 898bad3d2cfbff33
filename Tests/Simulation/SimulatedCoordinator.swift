import Replication
import Storage

/// The coordinator: always right, not always there.
final class SimulatedCoordinator {
    struct View {
        var record: SeenRecord
        var notices: [MemberNotice]
        /// Orders notices; the record has its revision.
        var version: UInt64
    }

    private struct Session {
        /// By the coordinator's own clock.
        var endsAt: UInt64
        var notice: MemberNotice?
    }

    unowned let cluster: Cluster
    private let clockRate: Double
    private var sessions: [String: Session] = [:]
    private var nextSession = 1
    private(set) var records: [SeenRecord]
    private var revision: UInt64 = 0
    private var version: UInt64 = 0
    private var watchers: [SimulatedProcess] = []
    var isDown = false { didSet { if !isDown, oldValue { recover() } } }
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

    func openSession() -> String {
        let id = "S\(nextSession)"
        nextSession += 1
        sessions[id] = Session(endsAt: 0)
        extend(id)
        return id
    }

    func renew(_ id: String) -> Bool {
        guard sessions[id] != nil else { return false }
        extend(id)
        return true
    }

    /// When it ends, in true time, if nobody renews it; nil if it has ended.
    func end(of id: String) -> UInt64? { sessions[id].map { UInt64(Double($0.endsAt) * 1_000 / clockRate) } }

    func end(_ id: String) {
        guard let ended = sessions.removeValue(forKey: id) else { return }
        if let notice = ended.notice { changed(notice.shard) }
    }

    /// - Returns: whether its session is there.
    func publish(_ notice: MemberNotice) -> Bool {
        guard sessions[notice.session] != nil else { return false }
        sessions[notice.session]?.notice = notice
        changed(notice.shard)
        return true
    }

    func propose(_ proposal: ShardProposal, shard: Int) -> ProposalOutcome {
        let found = records[shard]
        let absent = proposal.absentSession.map { sessions[$0] == nil } ?? true
        guard found.revision == proposal.expectedRevision, absent,
            proposal.requiredSessions.allSatisfy({ sessions[$0] != nil })
        else { return .conflict(found) }
        revision += 1
        records[shard] = SeenRecord(record: proposal.record, revision: revision)
        let record = proposal.record
        cluster.trace(
            "record \(revision): term \(record.term) leader \(record.leader?.id ?? "-") \(record.session) "
                + "in sync \(record.inSync.map(\.id).joined(separator: ","))"
        )
        changed(record.shard)
        cluster.checkInSync(shard)
        return .committed(revision: revision)
    }

    func view(_ shard: Int) -> View {
        let name = "s\(shard)"
        let notices = sessions.values.compactMap(\.notice).filter { $0.shard == name }.sorted {
            ($0.member, $0.session) < ($1.member, $1.session)
        }
        return View(record: records[shard], notices: notices, version: version)
    }

    // MARK: Sessions

    private func extend(_ id: String) {
        let ttl = Cluster.leaseMilliseconds
        sessions[id]?.endsAt = clock + ttl
        let wait = UInt64(Double(ttl + 1) * 1_000 / clockRate) + cluster.random.pick(0...300_000)
        cluster.at(cluster.now + wait) { [weak self] in self?.expire(id) }
    }

    private func expire(_ id: String) {
        guard !isDown, let session = sessions[id], session.endsAt <= clock else { return }
        cluster.trace("session \(id) expires")
        end(id)
    }

    /// As etcd does: a new leader gives every session its whole time again.
    private func recover() {
        for id in sessions.keys.sorted() { extend(id) }
        for watcher in watchers where watcher.isAlive { tell(watcher) }
    }

    // MARK: The network to it

    func attach(_ process: SimulatedProcess) {
        watchers.removeAll { !$0.isAlive }
        watchers.append(process)
        tell(process)
    }

    private func changed(_ shard: String) {
        version += 1
        for watcher in watchers where watcher.isAlive && "s\(watcher.node.shard)" == shard { tell(watcher) }
    }

    /// A watch: what is seen is the state of when it was sent, and it comes when the network lets it.
    private func tell(_ process: SimulatedProcess) {
        guard !isDown else { return }
        let view = view(process.node.shard)
        deliver(view, to: process, after: cluster.latency(SimulatedCoordinator.place, process.node.index) + slowness)
    }

    private func deliver(_ view: View, to process: SimulatedProcess, after delay: UInt64) {
        cluster.at(cluster.now + delay) { [weak self, weak process] in
            guard let self, let process, process.isAlive else { return }
            if cluster.isCut(SimulatedCoordinator.place, process.node.index) {
                return deliver(view, to: process, after: 50_000)
            }
            process.run { $0.calls.see(view) }
        }
    }

    /// A request and its answer, either of which may be lost.
    func exchange<T>(with node: Int, _ request: @escaping () -> T, _ answer: @escaping (T) -> Void) {
        let there = cluster.latency(node, SimulatedCoordinator.place) + slowness / 2
        proposalsUnderWay += 1
        cluster.at(cluster.now + there) { [self] in
            proposalsUnderWay -= 1
            guard !isDown, !cluster.isCut(node, SimulatedCoordinator.place), !loses() else { return }
            let value = request()
            let back = cluster.latency(SimulatedCoordinator.place, node) + slowness / 2
            cluster.at(cluster.now + back) { [self] in
                guard !isDown, !cluster.isCut(SimulatedCoordinator.place, node), !loses() else { return }
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
