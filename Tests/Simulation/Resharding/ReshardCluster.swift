import Model
import Replication
import Resharding
import Routing
import Storage

/// Whole shards in simulated time: their leaders' processes, their logs, a coordinator, clients, an operator, and whoever
/// breaks them.
final class ReshardCluster: @unchecked Sendable {
    // Sendable: it, and everything in it, is confined to the one thread that runs it.
    static let sessionTime: UInt64 = 1_500_000
    static let leaseTime: UInt64 = 1_350_000
    static let coordinatorPatience: UInt64 = 400_000

    struct Shard {
        var log: ShardLogModel
        /// Members and until when they are down.
        var members: [String: UInt64]
        /// The newest process; earlier ones may not know yet.
        var process: ReshardProcess?
    }

    let seed: UInt64
    let planted: ReshardingBugs
    var random: SimulationRandom
    let keys: ReshardKeys
    let truth = ReshardTruth()
    private(set) var now: UInt64 = 1_000_000
    private var queue = EventQueue()
    private(set) var events = 0
    private(set) lazy var coordinator = ReshardCoordinatorModel(cluster: self, map: firstMap)
    private let firstMap: SlotMap
    private(set) var shards: [String: Shard] = [:]
    private(set) var living: [ReshardProcess] = []
    private(set) var clients: [ReshardClient] = []
    private(set) lazy var chaos = ReshardChaos(cluster: self)
    private(set) lazy var operatorOfJobs = ReshardOperator(cluster: self)
    var connections: [ReshardLink] = []
    private var numbers: UInt64 = 0
    private(set) var terms = 0
    let traces: Bool
    private var traced: [String] = []

    init?(seed: UInt64, planted: ReshardingBugs = [], traces: Bool = false) {
        self.seed = seed
        self.planted = planted
        self.traces = traces
        random = SimulationRandom(seed: seed)
        keys = ReshardKeys(count: random.pick(below: 10) + 4, tags: random.pick(below: 4) + 2, &random)
        let names = (0..<2 + random.pick(below: 2)).map { "s\($0)" }
        let policy = random.element(PlacementPolicy.allCases) ?? .fixed
        guard let map = try? policy.map(current: nil, shards: names) else { return nil }
        firstMap = map
        // The last one is no part of the cluster yet.
        for name in names + ["s\(names.count)"] {
            let log = ShardLogModel(name: name, keys: keys, truth: truth)
            shards[name] = Shard(log: log, members: ["a": 0, "b": 0], process: nil)
        }
        for _ in 0..<3 + random.pick(below: 4) { clients.append(ReshardClient(cluster: self)) }
    }

    func plants(_ bug: ReshardingBugs) -> Bool { planted.contains(bug) }

    // MARK: Time and network

    func at(_ time: UInt64, _ body: @escaping () -> Void) { queue.add(at: max(time, now), body) }
    func latency() -> UInt64 { random.chance(0.02) ? random.pick(1_000...30_000) : random.pick(80...600) }

    func nextNumber() -> UInt64 {
        numbers += 1
        return numbers
    }

    func run(until time: UInt64) {
        while truth.violation == nil, let next = queue.nextTime, next <= time, let item = queue.popFirst() {
            now = item.time
            item.body()
            events += 1
            checkStep()
        }
        now = max(now, time)
    }

    func trace(_ text: @autoclosure () -> String) {
        guard traces else { return }
        traced.append("\(now / 1_000).\((now % 1_000) / 100) ms  \(text())")
    }

    // MARK: Who leads

    var names: [String] { shards.keys.sorted() }

    static func address(of shard: String, _ member: String) -> NodeAddress {
        NodeAddress(host: "\(shard)-\(member)", port: 1)
    }

    func process(at address: NodeAddress) -> ReshardProcess? {
        let shard = String(address.host.prefix { $0 != "-" })
        guard let process = shards[shard]?.process, process.isAlive,
            address == ReshardCluster.address(of: shard, process.member)
        else { return nil }
        return process
    }

    func ended(_ process: ReshardProcess) { living.removeAll { $0 === process } }

    func down(_ process: ReshardProcess, for time: UInt64) {
        shards[process.log.name]?.members[process.member] = now + time
    }

    /// Members look now and then whether the lead is to be had.
    private func watchLead(of name: String) {
        at(now + random.pick(50_000...250_000)) { [weak self] in
            guard let self else { return }
            if shards[name]?.process?.isAlive != true || coordinator.isSessionOver(name) { takeOver(name) }
            watchLead(of: name)
        }
    }

    func takeOver(_ name: String, isPlanned: Bool = false) {
        guard !coordinator.isDown, let shard = shards[name] else { return }
        let former = shard.process?.member
        let able = shard.members.filter { $0.value <= now && !(isPlanned && $0.key == former) }.map(\.key).sorted()
        guard let member = random.element(able) else { return }
        let sentAt = now
        guard let snapshot = coordinator.takeOver(shard: name, member: member, isPlanned: isPlanned) else { return }
        guard !random.chance(coordinator.lossChance) else { return }
        at(now + latency()) { [self] in
            guard let term = snapshot.records[name]?.record?.term, term > shard.log.term else { return }
            terms += 1
            // The members take no batch of a lower term from here on; an earlier process finds out by itself.
            let process = ReshardProcess(
                cluster: self,
                log: shard.log,
                member: member,
                term: term,
                sentAt: sentAt,
                snapshot
            )
            living.append(process)
            shards[name]?.process = process
            process.begin()
        }
    }

    // MARK: What must hold after every event

    private func checkStep() {
        for slot in keys.used {
            var owner: ReshardProcess?
            for process in living where process.isServing && process.isLeaseValid {
                guard process.serving.served.contains(slot) || process.serving.writesHeld.contains(slot) else {
                    continue
                }
                if let owner { truth.fail("\(owner.name) and \(process.name) both serve slot \(slot)") }
                owner = process
            }
        }
    }

    // MARK: A whole run

    func simulate() -> ReshardResult {
        for name in names { watchLead(of: name) }
        for client in clients { client.start() }
        run(until: now + 1_500_000)
        while truth.violation == nil, chaos.strikes < ReshardChaos.strikesMax {
            operatorOfJobs.act()
            if random.chance(0.5) { chaos.strike() }
            readReplica()
            run(until: now + random.pick(10_000...chaos.pauseMax))
        }
        chaos.heal()
        let deadline = now + 90_000_000
        while truth.violation == nil, missing != nil, now < deadline {
            operatorOfJobs.finish()
            run(until: now + 100_000)
        }
        if truth.violation == nil, let missing { truth.fail("not whole 90 s after the last fault: \(missing)") }
        for client in clients { client.stop() }
        if truth.violation == nil { checkEnd() }
        return result()
    }

    /// What is not as it should be in the end; nil when all is.
    private var missing: String? {
        if let job = coordinator.snapshot.job, !job.state.isEnded { return "the job is \(job.state.rawValue)" }
        let map = coordinator.snapshot.map
        for name in names {
            guard let shard = shards[name], let process = shard.process, process.isAlive, process.isServing else {
                return "\(name) has no leader"
            }
            var mine = SlotSet()
            if let index = map.index(ofShard: name) { for range in map.ranges(ofShard: index) { mine.insert(range) } }
            if shard.log.contents.owned != mine { return "the log of \(name) does not own what the map says" }
            if process.serving.served != mine { return "\(name) does not serve what the map says" }
            if !shard.log.leftovers.isEmpty { return "\(name) has keys of slots \(shard.log.leftovers.ranges)" }
        }
        return nil
    }

    private func checkEnd() {
        let map = coordinator.snapshot.map
        for key in 0..<keys.count {
            let owner = map.ownerName(of: keys.slot(of: key))
            if shards[owner]?.log.contents.values[key]?.value != truth.value(of: key) {
                truth.fail("key \(key) is not at \(owner) as it was written last")
            }
        }
        if coordinator.snapshot.job?.state == .failed {
            truth.fail("a job failed: \(coordinator.snapshot.job?.reason ?? "")")
        }
    }

    /// A bounded read at a replica, which has some prefix of the committed log and the newest stamp for it.
    private func readReplica() {
        guard let name = random.element(names), let log = shards[name]?.log,
            let stamp = random.element(Array(log.stamps.suffix(20)))
        else { return }
        let contents = log.contents(after: stamp.count)
        for key in 0..<keys.count where contents.owned.contains(keys.slot(of: key)) {
            truth.servedByReplica(key: key, value: contents.values[key]?.value, stamp: stamp.time, shard: name)
        }
    }

    private func result() -> ReshardResult {
        var result = ReshardResult(seed: seed, violation: truth.violation)
        result.events = events
        result.strikes = chaos.strikes
        result.writes = truth.writes
        result.reads = truth.reads
        result.replicaReads = truth.replicaReads
        result.terms = terms
        result.jobs = operatorOfJobs.begun
        result.moves = coordinator.decisions
        result.conflicts = coordinator.conflicts
        result.refusals = clients.reduce(0) { $0 + $1.refusals }
        result.covered = chaos.covered
        result.trace = traced
        // What is still to come holds the cluster.
        queue = EventQueue()
        for process in living { process.end("the simulation is over", isCrash: true) }
        for link in connections { link.dismantle() }
        connections = []
        living = []
        shards = [:]
        return result
    }

    func step(_ step: ReshardStep, at process: ReshardProcess) { chaos.passed(step, at: process) }
}

/// What a seed showed.
struct ReshardResult: Sendable {
    var seed: UInt64
    var violation: String?
    var events = 0
    var strikes = 0
    var writes = 0
    var reads = 0
    var replicaReads = 0
    var terms = 0
    var jobs = 0
    /// Changes of the map, ends of jobs included.
    var moves = 0
    var conflicts = 0
    /// Commands that were not done within a client's patience.
    var refusals = 0
    /// Faults at steps, as `step fault`.
    var covered: [String: Int] = [:]
    var trace: [String] = []
}
