import Logging
import Model
import NIOCore
import Node
import Replication
import Resharding
import Routing
import Server
import Storage
import TestSupport

/// A command of a client.
struct ReshardCommand {
    enum Kind { case get, set(UInt32), append(UInt32), setIfAbsent(UInt32), delete }

    enum Reply {
        case done
        case value(Tokens?)
        /// Not done: ask the leader of that shard, or ask around.
        case redirect(String?)
        /// Nobody can tell.
        case closed
    }

    var kind: Kind
    var key: Int
    var reply: (Reply) -> Void

    var isRead: Bool { if case .get = kind { true } else { false } }
}

/// The process of a shard's leader in one term: its lease, its commands, its store, and the driver that is under test.
final class ReshardProcess: @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    unowned let cluster: ReshardCluster
    let store: ReshardStore
    let member: String
    let term: UInt64
    /// Its log had keys of slots that it did not own: what a former leader's attempt at a move left.
    let beganWithLeftovers: Bool
    let loop: SimulatedLoop
    let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    private(set) var isAlive = true
    private(set) var isServing = false
    private(set) var driver: ReshardingDriver?
    private let reads: SimulatedQueue
    private var areReadsOver = false
    /// The coordinator, as its watch told last.
    private(set) var known: CoordinatorSnapshot
    var leaseEnd: UInt64
    var isCutFromCoordinator = false
    /// SIGSTOP: until then nothing runs here.
    private var pausedUntil: UInt64 = 0
    private var held: [ReshardCommand] = []
    /// Its sides of connections that are open.
    var sides: [UInt64: ReshardLinkSide] = [:]
    /// Bytes that it told sources to be committed, by connection.
    var acknowledged: [UInt64: UInt64] = [:]

    var log: ShardLogModel { store.log }
    var serving: SlotServing { store.serving ?? SlotServing() }
    var name: String { "\(log.name)/\(member) term \(term)" }
    var isLeaseValid: Bool { cluster.now < leaseEnd }
    var isPaused: Bool { cluster.now < pausedUntil }

    /// In the order of their numbers: a seed repeats its run.
    private var orderedSides: [ReshardLinkSide] { sides.sorted { $0.key < $1.key }.map(\.value) }
    var incomingLinks: [ReshardLink] { orderedSides.filter(\.isSource).compactMap(\.link) }
    var outgoingLinks: [ReshardLink] { orderedSides.filter { !$0.isSource }.compactMap(\.link) }

    init(
        cluster: ReshardCluster,
        log: ShardLogModel,
        member: String,
        term: UInt64,
        sentAt: UInt64,
        _ snapshot: CoordinatorSnapshot
    ) {
        self.cluster = cluster
        self.member = member
        self.term = term
        known = snapshot
        leaseEnd = sentAt + ReshardCluster.leaseTime
        log.begin(term: term, keeping: cluster.random.chance(0.5) ? 1 : 0.5, at: cluster.now)
        beganWithLeftovers = !log.leftovers.isEmpty
        loop = SimulatedLoop(
            time: { [unowned cluster] in cluster.now },
            schedule: { [unowned cluster] time, body in cluster.at(time, body) },
            lateness: { [unowned cluster] in cluster.random.chance(0.1) ? cluster.random.pick(0...20_000) : 0 }
        )
        store = ReshardStore(cluster: cluster, log: log, term: term, loop: loop)
        reads = SimulatedQueue(loop: loop, delay: { [unowned cluster] in cluster.random.pick(20...4_000) }, onEnd: {})
        store.process = self
    }

    // MARK: Its life

    func begin() {
        cluster.trace("\(name) begins")
        driver = makeDriver()
        cluster.coordinator.attach(self)
        store.queue(.termStart) { [weak self] in
            self?.tick()
            self?.driver?.begin { [weak self] in self?.soon { $0.isServing = true } }
        }
        renewLease()
    }

    private func makeDriver() -> ReshardingDriver {
        ReshardingDriver(
            identity: ReshardingMachine.Identity(
                cluster: "c",
                coordinator: "k",
                shard: log.name,
                term: term,
                planted: cluster.planted
            ),
            store: store,
            tools: ReshardingDriver.Tools(
                eventLoop: loop,
                clock: NodeClock(
                    boot: { [unowned cluster] in cluster.now / 1_000 },
                    monotonic: { [unowned cluster] in cluster.now / 1_000 }
                ),
                reads: reads,
                connector: ReshardConnector(process: self),
                coordinator: ReshardCalls(self),
                // A key or a few at a time: more happens in between.
                steps: SourceReading.Steps(
                    copyBytes: Int(cluster.random.pick(1...100)),
                    logBytes: Int(cluster.random.pick(50...3_000))
                )
            ),
            logger: logger,
            delegate: ReshardingDriver.Delegate(
                note: { [unowned self] text in cluster.trace("\(name): \(text)") },
                latency: { [unowned cluster] in
                    (p99: cluster.random.pick(500...20_000), commits: cluster.random.pick(below: 100))
                },
                known: { [unowned self] in known }
            )
        )
    }

    /// The watch has told of something.
    func see(_ snapshot: CoordinatorSnapshot) {
        known.adopt(snapshot)
        driver?.see(snapshot)
    }

    /// Runs now, or when the process goes on.
    func soon(_ body: @escaping (ReshardProcess) -> Void) {
        loop.run { [weak self] in
            guard let self, isAlive else { return }
            body(self)
        }
    }

    func after(_ delay: UInt64, _ body: @escaping (ReshardProcess) -> Void) {
        cluster.at(cluster.now + delay) { [weak self] in self?.soon(body) }
    }

    func pause(for time: UInt64) {
        pausedUntil = max(pausedUntil, cluster.now + time)
        loop.freeze()
        cluster.at(pausedUntil) { [weak self] in
            guard let self, !isPaused else { return }
            loop.thaw()
        }
    }

    /// Crash, or the end of leadership: nothing of it is answered any more, and nobody else hears of it but by its silence
    /// or its closed connections.
    func end(_ reason: String, isCrash: Bool) {
        guard isAlive else { return }
        cluster.trace("\(name) ends: \(reason)")
        isAlive = false
        isServing = false
        store.stopLeading()
        for command in held { command.reply(isCrash ? .closed : .redirect(nil)) }
        held = []
        cluster.ended(self)
        if isCrash {
            loop.kill()
            for side in orderedSides { side.lose() }
        } else if let driver {
            driver.end()
            loop.after(ReshardProcess.endingTime) { [self] in
                driver.close { [self] in areReadsOver = true }
                loop.after(ReshardProcess.endingTime) { [self] in checkNothingIsLeft() }
            }
        }
    }

    /// Far more than what is under way may take on the slowest disk.
    private static let endingTime: UInt64 = 2_000_000

    private func checkNothingIsLeft() {
        var left = store.leftOpen
        // One whose hello was lost on the way is any client's connection that says nothing: no stream of this shard.
        let streams = orderedSides.filter { !$0.isSource || $0.hello != nil }
        if !streams.isEmpty { left = "\(streams.count) connections of moves are open" }
        if loop.timers > 0 { left = "\(loop.timers) timers are set" }
        if !areReadsOver { left = "something is still read" }
        if let left { cluster.truth.fail("\(name) has ended, and \(left)") }
    }

    private func renewLease() {
        let sentAt = cluster.now
        cluster.coordinator.call(
            self,
            { [cluster, log, term] in cluster.coordinator.renew(shard: log.name, term: term) },
            { [weak self] isRenewed in
                self?.soon { process in
                    if isRenewed == true {
                        process.leaseEnd = max(process.leaseEnd, sentAt + ReshardCluster.leaseTime)
                    } else if isRenewed == false {
                        process.end("its session is over", isCrash: false)
                    }
                }
            }
        )
        after(ReshardCluster.leaseTime / 6) { $0.renewLease() }
    }

    private func tick() {
        guard isLeaseValid else { return end("its lease ran out", isCrash: false) }
        log.vouch(at: cluster.now)
        if cluster.random.chance(0.3) { store.apply() }
        after(cluster.random.pick(15_000...60_000)) { $0.tick() }
    }

    /// What is given away must not be changed any more but by clients.
    func checkGivenAway(_ entry: ReshardLogEntry) {
        let slots: ClosedRange<UInt16>
        switch entry.record {
        case .imported(let key, _, _): slots = cluster.keys.slot(of: key)...cluster.keys.slot(of: key)
        case .clear(let cleared): slots = cleared
        case .termStart, .write, .ownership, .jump: return
        }
        for link in incomingLinks {
            guard let copied = link.copies?.slots, copied.ranges.contains(where: { $0.overlaps(slots) }) else {
                continue
            }
            cluster.truth.fail("\(name) clears or imports \(slots) at \(entry.sequence), which it gives away")
        }
    }

    // MARK: Commands

    func submit(_ command: ReshardCommand) {
        guard isServing, isLeaseValid else { return command.reply(.redirect(nil)) }
        let slot = cluster.keys.slot(of: command.key)
        let serving = self.serving
        if serving.held.contains(slot) || serving.writesHeld.contains(slot) && !command.isRead {
            held.append(command)
            return
        }
        guard serving.served.contains(slot) || serving.writesHeld.contains(slot) else {
            let owner = known.map.ownerName(of: slot)
            return command.reply(.redirect(owner == log.name ? nil : owner))
        }
        if command.isRead {
            let stored = log.contents.values[command.key]
            cluster.truth.served(key: command.key, value: stored?.value, version: stored?.version, shard: name)
            return command.reply(.value(stored?.value))
        }
        guard !store.isDiskFull else { return command.reply(.redirect(nil)) }
        evaluate(command)
    }

    private func evaluate(_ command: ReshardCommand) {
        let before = store.tip.values[command.key]?.value
        let after: Tokens?
        switch command.kind {
        case .get: return
        case .set(let token): after = [token]
        case .append(let token): after = (before ?? []) + [token]
        case .setIfAbsent(let token):
            guard before == nil else {
                return store.queueBehind(lost: { command.reply(.closed) }) { command.reply(.done) }
            }
            after = [token]
        case .delete: after = nil
        }
        let record = ReshardRecord.write(key: command.key, before: before, after: after)
        store.queue(record, lost: { command.reply(.closed) }) { command.reply(.done) }
    }

    func releaseHeld() {
        let waiting = held
        held = []
        for command in waiting { submit(command) }
    }
}
