import Model
import Node
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
    private(set) lazy var driver = makeDriver()
    private(set) lazy var store = StoreModel(
        process: self,
        visible: node.disk.engine.values,
        commitPosition: node.disk.engine.position
    )
    private(set) lazy var host = SimulatedHost(process: self)
    private(set) lazy var environment = makeEnvironment()
    private(set) lazy var calls = SimulatedCalls(process: self)
    /// While it asks the coordinator to join its cluster.
    var join: ClusterJoin?
    /// From when it has joined.
    var view: ClusterView?
    /// The last ones: nobody may hold them after a stop.
    weak var endedJoin: ClusterJoin?
    weak var endedView: ClusterView?
    /// What the view knew when it was checked last.
    var checkedRevision: UInt64 = 0
    var link: FollowerLink?
    /// The last one that was stopped: nobody may hold it any more.
    weak var endedLink: FollowerLink?
    var following: Member?
    var isStopping = false
    var isClosing = false
    var hasFailed = false
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
    }

    private func makeDriver() -> LeadershipDriver {
        LeadershipDriver(
            LeadershipMachine.Configuration(
                shard: "s\(node.shard)",
                member: node.member,
                durability: node.durability,
                bootID: "boot\(node.boots)",
                lease: LeaseRule(ttl: Cluster.leaseMilliseconds),
                isNamedLeader: node.isNamedLeader,
                planted: cluster.options.planted
            ),
            minInSync: cluster.options.minInSync,
            coordinator: calls,
            store: store,
            control: loop,
            environment: environment,
            logger: host.logger,
            delegate: makeDelegate()
        )
    }

    private func makeEnvironment() -> DriverEnvironment {
        let clock: @Sendable () -> UInt64 = { [weak self] in self?.clock ?? 0 }
        return DriverEnvironment(
            clock: NodeClock(boot: clock, monotonic: clock),
            connector: SimulatedConnector(process: { [weak self] in self }),
            makeQueue: { [unowned self] name in makeQueue(name) },
            planted: cluster.options.planted
        )
    }

    /// Leadership's thread waits for the disk only where the store says so.
    private func makeQueue(_ name: StaticString) -> SimulatedQueue {
        let waitsForDisk = "\(name)" != "shoal-leader"
        openQueues += 1
        return SimulatedQueue(
            loop: loop,
            delay: { [unowned self] in cluster.random.pick(10...200) + (waitsForDisk ? node.syncDelay / 2 : 0) },
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

    /// The cluster is joined: takes part in the shard.
    func open() {
        store.publish(through: node.disk.knownCommit)
        driver.start()
        soon { $0.apply() }
    }

    func die(sayingSo: Bool) {
        isAlive = false
        loop.kill()
        for connection in cluster.connections { connection.end(self, sayingSo: sayingSo) }
        for channel in channels { channel.tearDown() }
        channels = []
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
