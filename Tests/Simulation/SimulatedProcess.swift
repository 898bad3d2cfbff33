import Replication
import Storage

/// A member's process: the real machines, and the drivers around them as small as they can be.
final class SimulatedProcess {
    struct LeaderLink {
        var machine: LeaderFollowerMachine
        var connection: Connection
        var pin: UInt64?
        var chunks: [SnapshotChunk] = []
    }

    enum StorageJob {
        case append(LogBatch)
        case advanceCommit(UInt64)
        case truncate(Position)
        case beginSnapshot
        case installChunk(SnapshotChunk)
        case finishSnapshot(Position)
    }

    unowned let node: SimulatedNode
    unowned let cluster: Cluster
    let truth: Truth
    let name: String
    private(set) var isAlive = true
    private var deferred: [(SimulatedProcess) -> Void] = []
    var leadership: LeadershipMachine
    private(set) lazy var store = StoreModel(
        process: self,
        visible: node.disk.engine.values,
        commitPosition: node.disk.engine.position
    )
    var session: String?
    var lastSeenNotices: UInt64 = 0
    var wantedNotice: MemberNotice?
    var follower: FollowerMachine?
    var followerConnection: Connection?
    var following: Member?
    var jobs: [StorageJob] = []
    var isStoring = false
    var installing = SimulatedDisk.Engine()
    var links: [UInt64: LeaderLink] = [:]
    var nextLink: UInt64 = 1
    /// A term waits to begin until storage work under way is done.
    var termToBegin: (term: UInt64, waits: Bool)?
    var isStopping = false
    var hasFailed = false

    init(node: SimulatedNode) {
        self.node = node
        cluster = node.cluster
        truth = node.truth
        name = "\(node.address)#\(node.cluster.nextNumber())"
        let configuration = LeadershipMachine.Configuration(
            shard: "s\(node.shard)",
            member: node.member,
            durability: node.durability,
            bootID: "boot\(node.boots)",
            lease: LeaseRule(ttl: Cluster.leaseMilliseconds),
            isNamedLeader: node.isNamedLeader,
            planted: node.cluster.options.planted
        )
        leadership = LeadershipMachine(
            configuration: configuration,
            durable: node.disk.isIncomplete ? .zero : node.disk.terms.end,
            blocker: node.disk.isIncomplete ? "half of a snapshot is in it" : nil,
            now: node.clock
        )
    }

    var clock: UInt64 { node.clock }

    func start() {
        store.publish(through: node.disk.knownCommit)
        cluster.coordinator.attach(self)
        soon { $0.tick() }
        soon { $0.apply() }
    }

    func die(sayingSo: Bool) {
        isAlive = false
        deferred = []
        for connection in [followerConnection].compactMap({ $0 })
            + links.keys.sorted().compactMap({ links[$0]?.connection })
        {
            guard sayingSo else { connection.vanish(self); continue }
            if connection.follower === self { connection.closeByFollower() } else { connection.closeByLeader() }
        }
    }

    // MARK: Time

    /// Now, or once the process runs again.
    func run(_ body: @escaping (SimulatedProcess) -> Void) {
        guard isAlive else { return }
        if node.isPaused || !deferred.isEmpty { deferred.append(body) } else { body(self) }
    }

    func soon(_ body: @escaping (SimulatedProcess) -> Void) {
        cluster.at(cluster.now) { [weak self] in self?.run(body) }
    }

    func after(_ microseconds: UInt64, _ body: @escaping () -> Void) {
        cluster.at(cluster.now + microseconds) { [weak self] in self?.run { _ in body() } }
    }

    func afterSync(_ body: @escaping () -> Void) {
        after(cluster.random.pick(100...600) + node.syncDelay, body)
    }

    func resume() {
        while isAlive, !node.isPaused, !deferred.isEmpty {
            let body = deferred.removeFirst()
            body(self)
        }
    }

    private func tick() {
        lead(.tick)
        follow(.tick)
        for link in links.keys.sorted() { stream(link, .tick) }
        after(cluster.random.pick(40_000...50_000)) { self.tick() }
    }

    // MARK: The applier

    private func apply() {
        after(cluster.random.pick(200_000...900_000)) { self.apply() }
        guard !node.disk.isIncomplete else { return }
        flush()
        let limit = ([node.disk.terms.end.sequence] + links.values.compactMap(\.pin)).min() ?? 0
        let keep = cluster.options.logKept
        guard limit > keep, let last = node.disk.batches.last(where: { $0.end.sequence <= limit - keep }) else {
            return
        }
        if last.end.sequence <= node.disk.engine.position.sequence { node.disk.cut(to: last.end) }
    }

    /// The engine takes what is visible.
    func flush() {
        guard store.commitPosition > node.disk.engine.position else { return }
        node.disk.engine = SimulatedDisk.Engine(position: store.commitPosition, values: store.visible)
        truth.check(store.commitPosition, "\(name)'s engine")
    }

    // MARK: Waiting for storage

    func becameIdle() {
        guard let next = termToBegin, !isStoring, !store.isCommitting else { return }
        termToBegin = nil
        guard leadership.ledTerm == next.term else { return }
        store.beginTerm(next.term, waits: next.waits)
    }
}
