import Model
import Replication
import Routing
import Storage
import TestSupport

/// A whole cluster in simulated time: machines, network, coordinator, clients, and whoever breaks them.
final class Cluster: @unchecked Sendable {
    // Sendable: it, and everything in it, is confined to the one thread that runs it.
    static let leaseMilliseconds: UInt64 = 3_000
    static let coordinatorPatience: UInt64 = 800_000
    /// A leader that serves reads holds writes no longer than this: a hand-over ends in a second, and whoever is frozen
    /// meanwhile loses its lease.
    static let holdMax: UInt64 = 4_500_000

    let seed: UInt64
    let options: SimulationOptions
    let firstMap: SlotMap
    var random: SimulationRandom
    /// True time in microseconds.
    private(set) var now: UInt64 = 1_000_000
    private var queue = EventQueue()
    private(set) var events = 0
    private(set) var nodes: [SimulatedNode] = []
    private(set) var truths: [Truth] = []
    private(set) lazy var coordinator = SimulatedCoordinator(cluster: self, shards: options.shards)
    private(set) var clients: [SimulatedClient] = []
    var connections: [Connection] = []
    /// (from, to) → until when nothing gets through.
    private var cuts: [Int: UInt64] = [:]
    private var slowLinks: [Int: UInt64] = [:]
    var faults = 0
    var switchovers = 0
    var cleanStops = 0
    var snapshots = 0
    private var numbers = 0
    private var traced: [String] = []

    init(seed: UInt64, options: SimulationOptions) {
        self.seed = seed
        self.options = options
        random = SimulationRandom(seed: seed)
        let names = (0..<options.shards).map { "s\($0)" }
        guard let map = try? PlacementPolicy.fixed.map(current: nil, shards: names) else {
            preconditionFailure("no map for \(names)")
        }
        firstMap = map
        for shard in 0..<options.shards {
            truths.append(Truth())
            for member in 0..<options.members {
                let index = nodes.count
                nodes.append(
                    SimulatedNode(
                        cluster: self,
                        index: index,
                        shard: shard,
                        isNamedLeader: member == 0,
                        durability: options.durability
                    )
                )
            }
        }
        for shard in 0..<options.shards {
            for _ in 0..<options.clientsPerShard { clients.append(SimulatedClient(cluster: self, shard: shard)) }
        }
    }

    // MARK: Time

    func at(_ time: UInt64, _ body: @escaping () -> Void) { queue.add(at: max(time, now), body) }

    func nextNumber() -> Int {
        numbers += 1
        return numbers
    }

    /// Runs until then, checking after every event; stops at the first violation.
    func run(until time: UInt64) {
        while violation == nil, let next = queue.nextTime, next <= time, let item = queue.popFirst() {
            now = item.time
            item.body()
            events += 1
            checkStep()
        }
        now = max(now, time)
    }

    func trace(_ text: @autoclosure () -> String) {
        guard options.traces else { return }
        traced.append("\(now / 1_000).\((now % 1_000) / 100) ms  \(text())")
    }

    // MARK: Network

    private func link(_ from: Int, _ to: Int) -> Int { from * 10_000 + to }

    func latency(_ from: Int, _ to: Int) -> UInt64 {
        let base = random.pick(100...900)
        guard let until = slowLinks[link(from, to)], until > now else { return base }
        return base + random.pick(1_000...300_000)
    }

    func isCut(_ from: Int, _ to: Int) -> Bool {
        guard !cuts.isEmpty, let until = cuts[link(from, to)] else { return false }
        return until > now
    }

    func cut(_ from: Int, _ to: Int, for microseconds: UInt64) { cuts[link(from, to)] = now + microseconds }
    func slow(_ from: Int, _ to: Int, for microseconds: UInt64) { slowLinks[link(from, to)] = now + microseconds }

    func mendNetwork() {
        cuts = [:]
        slowLinks = [:]
    }

    // MARK: What must hold after every event

    var violation: String? {
        for truth in truths { if let violation = truth.violation { return violation } }
        return nil
    }

    /// Whoever may be elected has, on its disk, every record that anyone ever saw. Checked when the set or what was seen
    /// changes.
    func checkInSync(_ shard: Int) {
        guard let inSync = coordinator.records[shard].record?.inSync else { return }
        let first = shard * options.members
        let last = UInt64(truths[shard].committed.count)
        guard last > 0 else { return }
        for node in nodes[first..<first + options.members] {
            let bootID = "boot\(node.boots)"
            let isMember = inSync.contains { $0.id == node.disk.id && ($0.boot == nil || $0.boot == bootID) }
            guard isMember, node.disk.isIncomplete || !has(node, last, truths[shard]) else { continue }
            truths[shard].fail("\(node.address) is in the in-sync set with \(node.durableEnd), without record \(last)")
        }
    }

    /// A write was acknowledged: at that moment at least MinInSync members are in the set, and so have it (`checkInSync`).
    func checkMinInSync(_ shard: Int) {
        let members = coordinator.records[shard].record?.inSync.count ?? 0
        if members < options.minInSync { truths[shard].fail("a write was acknowledged by \(members) members") }
    }

    private func has(_ node: SimulatedNode, _ sequence: UInt64, _ truth: Truth) -> Bool {
        guard node.durableEnd.sequence >= sequence else { return false }
        return node.disk.start.sequence >= sequence
            || node.disk.terms.term(at: sequence) == truth.committed[Int(sequence) - 1].term
    }

    private func checkStep() {
        for shard in truths.indices {
            let first = shard * options.members
            var serving: SimulatedProcess?
            for node in nodes[first..<first + options.members] {
                guard let process = node.process, process.store.isServing else { continue }
                if let serving { truths[shard].fail("\(serving.name) and \(process.name) serve at the same time") }
                serving = process
                if process.store.hold != .none, now > process.store.heldSince + Cluster.holdMax {
                    truths[shard].fail(
                        "\(process.name) holds commands for \((now - process.store.heldSince) / 1_000) ms"
                    )
                }
            }
        }
    }

    // MARK: A whole run

    func simulate() -> SimulationResult {
        if options.hasRoughStart {
            coordinator.lossChance = 0.4
            at(now + 1_500_000) { [self] in coordinator.lossChance = 0 }
        }
        for node in nodes { node.start() }
        for client in clients { client.start() }
        run(until: now + 3_000_000)
        var chaos = Chaos(cluster: self)
        while violation == nil, faults < options.faults {
            chaos.strike()
            run(until: now + random.pick(10_000...chaos.pauseMax))
        }
        chaos.heal()
        let deadline = now + 30_000_000
        while violation == nil, !isWhole, now < deadline {
            run(until: now + 250_000)
            chaos.restartFailed()
        }
        if violation == nil, !isWhole { truths[0].fail("not whole 30 s after the last fault: \(whatIsMissing)") }
        if violation == nil { checkHistories() }
        // What drivers have opened ends with their processes.
        for node in nodes { node.crashProcess() }
        queue.removeAll()
        return result
    }

    private func checkHistories() {
        for client in clients { client.stop() }
        run(until: now + 3_000_000)
        for shard in truths.indices {
            for (key, history) in SimulatedClient.histories(clients.filter { $0.shard == shard }) {
                if let text = LinearizabilityCheck.violation(history) {
                    truths[shard].fail("key \(key) is not linearizable:\n\(text)")
                }
            }
            for node in nodes where node.shard == shard {
                guard let store = node.process?.store else { continue }
                if store.visible != truths[shard].contents(through: store.commitPosition.sequence) {
                    truths[shard].fail("\(node.address) has other contents than were committed")
                }
            }
        }
    }

    private var result: SimulationResult {
        var result = SimulationResult(seed: seed, violation: violation)
        result.faults = faults
        result.events = events
        result.acknowledgedWrites = clients.reduce(0) { $0 + $1.acknowledgedWrites }
        result.unknownOutcomes = clients.reduce(0) { $0 + $1.unknownOutcomes }
        result.leaderReads = clients.reduce(0) { $0 + $1.leaderReads }
        result.replicaReads = clients.reduce(0) { $0 + $1.replicaReads }
        result.terms = coordinator.records.reduce(0) { $0 + Int($1.record?.term ?? 0) }
        result.switchovers = switchovers
        result.cleanStops = cleanStops
        result.snapshots = snapshots
        result.trace = traced
        return result
    }
}
