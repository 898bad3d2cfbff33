import Replication
import Server
import Storage

/// A member's process: the shipped drivers and the machines in them, on an event loop, a store and links of the simulation.
final class SimulatedProcess: @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    unowned let node: SimulatedNode
    unowned let cluster: Cluster
    let truth: Truth
    let name: String
    let loop: SimulatedLoop
    private(set) var isAlive = true
    var leadership: LeadershipMachine
    private(set) lazy var store = StoreModel(
        process: self,
        visible: node.disk.engine.values,
        commitPosition: node.disk.engine.position
    )
    private(set) lazy var host = SimulatedHost(process: self)
    private(set) lazy var environment = makeEnvironment()
    var session: String?
    var lastSeenNotices: UInt64 = 0
    var wantedNotice: MemberNotice?
    /// Streams of followers, by the number that leadership knows them by.
    var streams: [UInt64: any FollowerStream] = [:]
    var nextStream: UInt64 = 1
    var link: FollowerLink?
    var following: Member?
    /// Whom to follow once the store has nothing under way as a leader.
    var wantsToFollow: (leader: Member, term: UInt64)?
    /// A term waits to begin until storage work under way is done.
    var termToBegin: (term: UInt64, waits: Bool)?
    var isUnfollowing = false
    var isClosing = false
    var hasFailed = false
    /// What leadership was told of the store.
    var toldDurable = Position.zero
    var toldBlocker: String?
    var observer: Int?
    /// Everything that drivers have opened and must end.
    var channels: [SimulatedChannel] = []
    var openQueues = 0
    var openContents = 0

    init(node: SimulatedNode) {
        self.node = node
        let cluster = node.cluster
        self.cluster = cluster
        truth = node.truth
        name = "\(node.address)#\(node.cluster.nextNumber())"
        loop = SimulatedLoop(
            time: { [unowned cluster] in cluster.now },
            schedule: { [unowned cluster] in cluster.at($0, $1) },
            lateness: { [unowned cluster] in cluster.random.pick(0...5_000) }
        )
        let configuration = LeadershipMachine.Configuration(
            shard: "s\(node.shard)",
            member: node.member,
            durability: node.durability,
            bootID: "boot\(node.boots)",
            lease: LeaseRule(ttl: Cluster.leaseMilliseconds),
            isNamedLeader: node.isNamedLeader,
            planted: node.cluster.options.planted
        )
        toldDurable = node.disk.isIncomplete ? .zero : node.durableEnd
        toldBlocker = node.disk.isIncomplete ? SimulatedProcess.halfASnapshot : nil
        leadership = LeadershipMachine(
            configuration: configuration,
            durable: toldDurable,
            blocker: toldBlocker,
            now: node.clock
        )
    }

    static let halfASnapshot = "it takes a snapshot"

    private func makeEnvironment() -> DriverEnvironment {
        let clock: @Sendable () -> UInt64 = { [weak self] in self?.clock ?? 0 }
        return DriverEnvironment(
            clock: NodeClock(boot: clock, monotonic: clock),
            connector: SimulatedConnector(process: { [weak self] in self }),
            makeQueue: { [unowned self] _ in makeQueue() },
            planted: cluster.options.planted
        )
    }

    private func makeQueue() -> SimulatedQueue {
        openQueues += 1
        return SimulatedQueue(
            loop: loop,
            delay: { [unowned self] in cluster.random.pick(10...200) + node.syncDelay / 2 },
            onEnd: { [weak self] in self?.openQueues -= 1 }
        )
    }

    func makeChannel() -> SimulatedChannel {
        channels.removeAll { !$0.isOpen }
        let channel = SimulatedChannel(loop: loop)
        channels.append(channel)
        return channel
    }

    var clock: UInt64 { node.clock }

    /// How long a read off the loop takes, in microseconds.
    func readDelay() -> UInt64 {
        cluster.random.pick(100...1_500) + (cluster.random.chance(0.05) ? cluster.random.pick(20_000...400_000) : 0)
            + node.syncDelay
    }

    func start() {
        store.publish(through: node.disk.knownCommit)
        observer = store.observe { [weak self] in self?.lookAtStore() }
        cluster.coordinator.attach(self)
        soon { $0.tick() }
        soon { $0.apply() }
    }

    func die(sayingSo: Bool) {
        isAlive = false
        loop.kill()
        for connection in cluster.connections { connection.end(self, sayingSo: sayingSo) }
        for channel in channels { channel.tearDown() }
        channels = []
        streams = [:]
        link = nil
    }

    // MARK: Time

    /// Now, or once the process runs again.
    func run(_ body: @escaping (SimulatedProcess) -> Void) {
        loop.run { [weak self] in if let self { body(self) } }
    }

    func soon(_ body: @escaping (SimulatedProcess) -> Void) {
        cluster.at(cluster.now) { [weak self] in self?.run(body) }
    }

    func after(_ microseconds: UInt64, _ body: @escaping () -> Void) { loop.after(microseconds, body) }

    func afterSync(_ body: @escaping () -> Void) {
        after(cluster.random.pick(100...600) + node.syncDelay, body)
    }

    private func tick() {
        lookAtStore()
        lead(.tick)
        after(cluster.random.pick(40_000...50_000)) { [weak self] in self?.tick() }
    }

    // MARK: The applier

    private func apply() {
        after(cluster.random.pick(200_000...900_000)) { [weak self] in self?.apply() }
        guard !node.disk.isIncomplete, !isClosing else { return }
        flush()
        store.cutLog(keeping: cluster.options.logKept)
    }

    /// The engine takes what is visible.
    func flush() {
        guard store.commitPosition > node.disk.engine.position, !node.disk.isIncomplete else { return }
        node.disk.engine = SimulatedDisk.Engine(position: store.commitPosition, values: store.visible)
        truth.check(store.commitPosition, "\(name)'s engine")
    }
}
