import Resharding
import Routing

/// The steps of a move at which something may be struck.
enum ReshardStep: String, CaseIterable {
    case accept, copied, ask, ownership, final, confirm, propose, decided, owned, released, clean, ending
}

/// Whoever breaks things: at any time, and right at the steps of a move.
final class ReshardChaos {
    static let strikesMax = 60
    private static let chanceOfNewTarget = 0.15

    private enum Fault: String, CaseIterable {
        case crash, crashBoth, pause, pauseLong, cutFromCoordinator, reset, cutLink, coordinatorDown, coordinatorLossy
        case coordinatorSlow, slowDisk, fullDisk, switchover, touch, cancel, pauseJob
    }

    private unowned let cluster: ReshardCluster
    private(set) var strikes = 0
    private(set) var covered: [String: Int] = [:]
    private var isOver = false
    private let chanceAtStep: Double
    let pauseMax: UInt64
    private let faults: [Fault]
    /// How often a move to a target that began with leftovers is called off at the last moment.
    private let chanceOfLateCancel: Double
    /// Terms of such targets to which a hand-over has been proposed.
    private var triedTerms: Set<String> = []

    init(cluster: ReshardCluster) {
        self.cluster = cluster
        chanceAtStep = [0, 0.01, 0.03, 0.1][cluster.random.pick(below: 4)]
        pauseMax = cluster.random.pick(60_000...600_000)
        // Each seed leaves some kinds out.
        var chosen: [Fault] = [.crash, .reset]
        for fault in Fault.allCases where cluster.random.chance(0.6) { chosen.append(fault) }
        faults = chosen
        chanceOfLateCancel = [0, 0.5, 1][cluster.random.pick(below: 3)]
    }

    /// A step of a move at this process.
    func passed(_ step: ReshardStep, at process: ReshardProcess) {
        if step == .copied { replaceTarget(of: process) }
        guard !isOver, cluster.random.chance(chanceAtStep), let fault = cluster.random.element(faults) else { return }
        covered["\(step.rawValue) \(fault.rawValue)", default: 0] += 1
        let delay = cluster.random.chance(0.3) ? 0 : cluster.random.pick(0...3_000)
        // Either side of the move.
        let link = process.incomingLinks.last ?? process.outgoingLinks.last
        let other = link.map { $0.source === process ? $0.target : $0.source }
        let victim = cluster.random.chance(0.5) ? process : other ?? process
        cluster.at(cluster.now + delay) { [weak self] in self?.strike(fault, victim, other) }
    }

    /// In seeds with late cancels, a target's leader is replaced now and then when it has most of a copy.
    private func replaceTarget(of source: ReshardProcess) {
        guard !isOver, chanceOfLateCancel > 0, let target = source.incomingLinks.last?.target,
            cluster.random.chance(ReshardChaos.chanceOfNewTarget)
        else { return }
        covered["copied newTarget", default: 0] += 1
        let delay = cluster.random.pick(0...3_000)
        cluster.at(cluster.now + delay) { [weak self] in self?.strike(.switchover, target, source) }
    }

    /// A source proposes that the map gives slots away. If the target's term began with leftovers, the operator may cancel
    /// before the coordinator decides.
    ///
    /// Such a leader has looked for what its predecessor's attempt left, and clears it as soon as it sees that the job is
    /// cancelled. Others look only once the job has ended, when the map's revision alone refuses the proposal. So this is
    /// where slots would go to a target that has cleared them, if the change did not compare the job.
    func proposed(_ proposal: ReshardProposal, by source: ReshardProcess) {
        let map = source.known.map
        let moved = cluster.keys.used.first { proposal.map.ownerName(of: $0) != map.ownerName(of: $0) }
        guard !isOver, let slot = moved, let target = cluster.shards[proposal.map.ownerName(of: slot)]?.process,
            target.beganWithLeftovers, triedTerms.insert(target.name).inserted,
            cluster.random.chance(chanceOfLateCancel)
        else { return }
        covered["propose lateCancel", default: 0] += 1
        let delay = cluster.random.chance(0.5) ? 0 : cluster.random.pick(0...600)
        cluster.at(cluster.now + delay) { [weak self] in
            guard let self, !isOver else { return }
            cluster.trace("the operator cancels while \(source.name) proposes")
            cluster.operatorOfJobs.cancel()
        }
    }

    func strike() {
        guard let fault = cluster.random.element(faults), let victim = cluster.random.element(cluster.living) else {
            strikes += 1
            return
        }
        strike(fault, victim, cluster.random.element(cluster.living))
    }

    private func strike(_ fault: Fault, _ victim: ReshardProcess, _ other: ReshardProcess?) {
        guard !isOver, victim.isAlive else { return }
        strikes += 1
        cluster.trace("fault \(fault.rawValue) at \(victim.name)")
        switch fault {
        case .crash: crash(victim)
        case .crashBoth:
            crash(victim)
            if let other, other.isAlive { crash(other) }
        case .pause: victim.pause(for: cluster.random.pick(5_000...1_200_000))
        case .pauseLong: victim.pause(for: cluster.random.pick(1_000_000...4_000_000))
        case .cutFromCoordinator:
            victim.isCutFromCoordinator = true
            mend(after: 2_500_000) { victim.isCutFromCoordinator = false }
        case .reset: link(of: victim)?.reset()
        case .cutLink: link(of: victim)?.isCut = true
        case .coordinatorDown, .coordinatorLossy, .coordinatorSlow: breakCoordinator(fault)
        case .slowDisk:
            victim.store.syncDelay = cluster.random.pick(5_000...1_500_000)
            mend(after: 1_500_000) { victim.store.syncDelay = 0 }
        case .fullDisk:
            victim.store.isDiskFull = true
            mend(after: 1_500_000) { victim.store.isDiskFull = false }
        case .switchover:
            guard cluster.coordinator.leads(victim) else { return }
            victim.end("a planned change of leader", isCrash: false)
            cluster.takeOver(victim.log.name, isPlanned: true)
        case .touch: cluster.coordinator.touch(victim.log.name)
        case .cancel: cluster.operatorOfJobs.cancel()
        case .pauseJob: cluster.operatorOfJobs.pause()
        }
    }

    private func link(of victim: ReshardProcess) -> ReshardLink? {
        victim.incomingLinks.last ?? victim.outgoingLinks.last ?? cluster.connections.last
    }

    private func crash(_ victim: ReshardProcess) {
        cluster.down(victim, for: cluster.random.pick(10_000...2_500_000))
        victim.end("crash", isCrash: true)
    }

    private func breakCoordinator(_ fault: Fault) {
        let coordinator = cluster.coordinator
        switch fault {
        case .coordinatorSlow: coordinator.slowness = cluster.random.pick(5_000...500_000)
        case .coordinatorLossy: coordinator.lossChance = 0.4
        default: coordinator.isDown = true
        }
        mend(after: 1_500_000) {
            coordinator.slowness = 0
            coordinator.lossChance = 0
            coordinator.isDown = false
        }
    }

    private func mend(after most: UInt64, _ body: @escaping () -> Void) {
        cluster.at(cluster.now + cluster.random.pick(10_000...most), body)
    }

    func heal() {
        isOver = true
        cluster.trace("everything heals")
        cluster.coordinator.slowness = 0
        cluster.coordinator.lossChance = 0
        cluster.coordinator.isDown = false
        for process in cluster.living {
            process.isCutFromCoordinator = false
            process.store.syncDelay = 0
            process.store.isDiskFull = false
        }
    }
}
