import Model
import Replication

/// Whoever breaks things: one fault at a time, of the kinds a seed is given.
struct Chaos {
    private enum Fault: CaseIterable {
        case reset, cutOneWay, isolate, cutFromCoordinator, coordinatorSlow, coordinatorLossy, coordinatorDown
        case crashProcess, crashMachine, pause, clockJump, slowDisk, hangingDisk, fullDisk, wipe
        case switchover, failedSwitchover, cleanStop, slowLink, crashLeader, pauseLeader, cutLeaderFromCoordinator,
            crashAll
        case loseWatch, startWithoutCoordinator
    }

    private let cluster: Cluster
    private var faults: [Fault] = []
    private var folders = 1
    /// Scales how long faults last: calm seeds have the time to do things.
    private let calm: UInt64
    /// The longest pause between two faults, in microseconds.
    let pauseMax: UInt64

    init(cluster: Cluster) {
        self.cluster = cluster
        calm = cluster.random.pick(1...6)
        pauseMax = cluster.random.pick(100_000...500_000)
        for fault in Fault.allCases {
            faults += Array(repeating: fault, count: Chaos.weight(fault, &cluster.random))
        }
        faults += [.reset, .slowLink]
    }

    /// Mild faults are frequent; each seed leaves some kinds out.
    private static func weight(_ fault: Fault, _ random: inout SimulationRandom) -> Int {
        let most =
            switch fault {
            case .reset, .slowLink, .slowDisk, .coordinatorLossy, .switchover, .pause: 5
            case .cutOneWay, .cutFromCoordinator, .clockJump, .crashProcess, .crashLeader, .coordinatorSlow: 4
            case .failedSwitchover, .loseWatch, .startWithoutCoordinator: 3
            case .isolate, .crashMachine, .cleanStop, .hangingDisk, .wipe, .fullDisk: 2
            case .pauseLeader, .cutLeaderFromCoordinator: 2
            case .coordinatorDown, .crashAll: 1
            }
        return random.pick(below: most + 1)
    }

    mutating func strike() {
        guard let fault = cluster.random.element(faults), let node = cluster.random.element(cluster.nodes) else {
            return
        }
        guard has(fault, node) else { return }
        cluster.faults += 1
        cluster.trace("fault \(fault) at \(node.address)")
        switch fault {
        case .reset:
            cluster.connections.removeAll { $0.isDead }
            cluster.random.element(cluster.connections)?.reset()
        case .cutOneWay, .isolate, .slowLink, .cutFromCoordinator: breakNetwork(fault, node)
        case .coordinatorSlow, .coordinatorLossy, .coordinatorDown: breakCoordinator(fault)
        case .crashProcess: crash(node) { $0.crashProcess() }
        case .crashMachine: crash(node) { $0.crashMachine() }
        case .crashLeader, .pauseLeader, .cutLeaderFromCoordinator:
            if let leader = cluster.nodes.first(where: { $0.process?.store.isServing ?? false }) {
                strike(fault, leader)
            }
        case .crashAll: for node in cluster.nodes { crash(node) { $0.crashProcess() } }
        case .pause: node.pause(for: duration(50_000, 6_000_000))
        case .clockJump: node.clockOffset += cluster.random.pick(1...3_000)
        case .slowDisk, .hangingDisk, .fullDisk: breakDisk(fault, node)
        case .wipe: wipe(node)
        case .switchover: switchOver(node)
        case .failedSwitchover: failSwitchover(node)
        case .loseWatch: if let process = node.process { cluster.coordinator.watches(of: process).first?.lose() }
        case .startWithoutCoordinator: startWithoutCoordinator(node)
        case .cleanStop:
            node.process?.soon { $0.stop() }
            restart(node, after: 4_200_000 + duration(100_000, 3_000_000))
        }
    }

    /// Whether the fault would change anything now.
    private func has(_ fault: Fault, _ node: SimulatedNode) -> Bool {
        switch fault {
        case .reset: cluster.connections.contains { !$0.isDead }
        case .crashProcess, .cleanStop, .pause, .startWithoutCoordinator: node.process != nil && !node.isPaused
        case .crashMachine: node.process != nil && (isSafeFromPowerLoss(node) || mayLoseContents(node))
        case .crashLeader, .pauseLeader, .cutLeaderFromCoordinator, .switchover, .failedSwitchover:
            cluster.nodes.contains { $0.process?.store.isServing ?? false }
        case .crashAll: cluster.nodes.contains { $0.process != nil }
        case .loseWatch: node.process.map { !cluster.coordinator.watches(of: $0).isEmpty } ?? false
        case .wipe: mayLoseContents(node)
        case .fullDisk: !node.isDiskFull
        case .coordinatorDown: !cluster.coordinator.isDown
        case .cutOneWay, .isolate, .cutFromCoordinator, .coordinatorSlow, .coordinatorLossy, .clockJump, .slowDisk,
            .hangingDisk, .slowLink:
            true
        }
    }

    private func switchOver(_ node: SimulatedNode) {
        let members = cluster.nodes.filter { $0.shard == node.shard }
        let target = members.randomElement(using: &cluster.random)?.address
        for member in members where member.process?.store.isServing ?? false {
            member.process?.soon { $0.switchOver(to: target) }
        }
    }

    /// A write whose sync takes longer than a hand-over waits: leadership stays where it is.
    private func failSwitchover(_ node: SimulatedNode) {
        let leader = cluster.nodes.first { $0.shard == node.shard && $0.process?.store.isServing ?? false }
        guard let leader, leader.syncDelay == 0 else { return }
        leader.syncDelay = cluster.random.pick(1_100_000...1_700_000)
        cluster.at(cluster.now + 100_000) { leader.process?.soon { $0.switchOver(to: nil) } }
        cluster.at(cluster.now + 200_000) { leader.syncDelay = 0 }
    }

    /// What makes the others elect: it takes longer than a lease.
    private func strike(_ fault: Fault, _ leader: SimulatedNode) {
        switch fault {
        case .pauseLeader: leader.pause(for: cluster.random.pick(3_000_000...8_000_000))
        case .cutLeaderFromCoordinator:
            cluster.cut(leader.index, SimulatedCoordinator.place, for: cluster.random.pick(3_000_000...6_000_000))
        default: crash(leader) { $0.crashProcess() }
        }
    }

    /// Short more often than long.
    private func duration(_ least: UInt64, _ most: UInt64) -> UInt64 {
        let limit = cluster.random.chance(0.3) ? least + (most - least) / calm : least + (most - least) / (5 * calm)
        return cluster.random.pick(least...limit)
    }

    private func breakNetwork(_ fault: Fault, _ node: SimulatedNode) {
        let place = SimulatedCoordinator.place
        let others = cluster.nodes.filter { $0.shard == node.shard && $0.index != node.index }
        guard let other = cluster.random.element(others) else { return }
        let time = duration(100_000, 6_000_000)
        switch fault {
        case .cutOneWay: cluster.cut(node.index, other.index, for: time)
        case .slowLink:
            cluster.slow(node.index, other.index, for: time)
            cluster.slow(node.index, place, for: time / 2)
        case .cutFromCoordinator:
            if cluster.random.chance(0.7) { cluster.cut(node.index, place, for: time) }
            if cluster.random.chance(0.7) { cluster.cut(place, node.index, for: time) }
        default:
            for other in others {
                cluster.cut(node.index, other.index, for: time)
                cluster.cut(other.index, node.index, for: time)
            }
            if cluster.random.chance(0.5) {
                cluster.cut(node.index, place, for: time)
                cluster.cut(place, node.index, for: time)
            }
        }
    }

    private func breakCoordinator(_ fault: Fault) {
        let coordinator = cluster.coordinator
        switch fault {
        case .coordinatorSlow: coordinator.slowness = cluster.random.pick(10_000...1_200_000)
        case .coordinatorLossy: coordinator.lossChance = 0.3
        default: coordinator.isDown = true
        }
        cluster.at(cluster.now + duration(200_000, 5_000_000)) {
            coordinator.slowness = 0
            coordinator.lossChance = 0
            coordinator.isDown = false
        }
    }

    private func breakDisk(_ fault: Fault, _ node: SimulatedNode) {
        switch fault {
        case .slowDisk: node.syncDelay = cluster.random.pick(5_000...200_000)
        case .hangingDisk: node.syncDelay = cluster.random.pick(1_000_000...5_000_000)
        default: node.isDiskFull = true
        }
        cluster.at(cluster.now + duration(100_000, 3_000_000)) { [cluster] in
            node.syncDelay = 0
            node.isDiskFull = false
            guard node.process?.hasFailed ?? false else { return }
            node.crashProcess()
            cluster.at(cluster.now + 500_000) { node.start() }
        }
    }

    private func crash(_ node: SimulatedNode, _ how: (SimulatedNode) -> Void) {
        how(node)
        restart(node, after: duration(50_000, 6_000_000))
    }

    /// It starts while it can't reach the coordinator, and now and then is stopped before it can.
    private func startWithoutCoordinator(_ node: SimulatedNode) {
        node.crashProcess()
        cluster.cut(node.index, SimulatedCoordinator.place, for: duration(500_000, 6_000_000))
        cluster.at(cluster.now + 50_000) { [cluster] in
            node.start()
            guard cluster.random.chance(0.5) else { return }
            cluster.at(cluster.now + cluster.random.pick(100_000...4_000_000)) { node.process?.soon { $0.stop() } }
            restart(node, after: 8_000_000)
        }
    }

    private func restart(_ node: SimulatedNode, after time: UInt64) {
        cluster.at(cluster.now + time) { node.start() }
    }

    /// A member that joined with `os` is out of the set after a boot, even if it runs with `fsync` by now.
    private func isSafeFromPowerLoss(_ node: SimulatedNode) -> Bool {
        let inSync = cluster.coordinator.records[node.shard].record?.inSync ?? []
        return node.durability == .fsync && cluster.coordinator.proposalsUnderWay == 0
            && !inSync.contains { $0.id == node.disk.id && $0.boot != nil }
    }

    /// Whether a member's contents may go without taking acknowledged writes with them: a serving leader is in the set,
    /// and no change of it is under way.
    private func mayLoseContents(_ node: SimulatedNode) -> Bool {
        guard let record = cluster.coordinator.records[node.shard].record, let leader = record.leader,
            cluster.coordinator.proposalsUnderWay == 0
        else { return false }
        let holder = cluster.nodes.first { $0.address == leader.address }
        guard let holder, holder.index != node.index, holder.disk.id == leader.id, let process = holder.process,
            process.store.isServing, process.inspect({ machine, _ in machine.ledTerm }) == record.term
        else { return false }
        return record.inSync.contains { $0.key == holder.member.key }
    }

    private mutating func wipe(_ node: SimulatedNode) {
        node.crashProcess()
        folders += 1
        node.wipe(newID: "\(node.index)-\(folders)")
        restart(node, after: duration(50_000, 3_000_000))
    }

    // MARK: The end

    func heal() {
        cluster.trace("everything heals")
        cluster.mendNetwork()
        cluster.coordinator.isDown = false
        cluster.coordinator.slowness = 0
        cluster.coordinator.lossChance = 0
        for node in cluster.nodes {
            node.syncDelay = 0
            node.isDiskFull = false
        }
    }

    /// A person restarts what has given up.
    func restartFailed() {
        for node in cluster.nodes where !node.isPaused {
            if node.process?.hasFailed ?? false { node.crashProcess() }
            if node.process == nil { node.start() }
        }
    }
}
