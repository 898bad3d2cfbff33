import Replication
import Resharding
import Routing
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

/// The process of a shard's leader in one term: store, lease, and the driver of the machine under test.
final class ReshardProcess {
    unowned let cluster: ReshardCluster
    let log: ShardLogModel
    let member: String
    let term: UInt64
    private(set) var isAlive = true
    private(set) var isServing = false
    var machine: ReshardingMachine?
    var serving = SlotServing()
    var leaseEnd: UInt64
    var isCutFromCoordinator = false
    var isDiskFull = false
    var syncDelay: UInt64 = 0
    /// SIGSTOP: until then nothing runs here.
    private var pausedUntil: UInt64 = 0
    private var postponed: [(ReshardProcess) -> Void] = []
    /// Contents with everything that was queued.
    private var tip: ShardContents
    private var lastSequence: UInt64
    private var open: [Queued] = []
    private var isCommitting = false
    private var held: [ReshardCommand] = []
    /// What the engine has: behind what is committed.
    var engine: ShardContents
    var applied: Int
    var links: [UInt64: ReshardLink] = [:]
    var outgoing: [UInt64: ReshardLink] = [:]
    var cursors: [UInt64: CopyCursor] = [:]

    /// In the order of their numbers: a seed repeats its run.
    var incomingLinks: [ReshardLink] { links.sorted { $0.key < $1.key }.map(\.value) }
    var outgoingLinks: [ReshardLink] { outgoing.sorted { $0.key < $1.key }.map(\.value) }

    struct Queued {
        /// nil: waits for what is before it.
        var entry: ReshardLogEntry?
        var isCommitted: (ReshardProcess) -> Void
        var isLost: () -> Void
    }

    struct CopyCursor {
        var keys: [Int]
        var slots: SlotSet
        var isDone = false
    }

    init(cluster: ReshardCluster, log: ShardLogModel, member: String, term: UInt64, sentAt: UInt64) {
        self.cluster = cluster
        self.log = log
        self.member = member
        self.term = term
        leaseEnd = sentAt + ReshardCluster.leaseTime
        log.begin(term: term, keeping: cluster.random.chance(0.5) ? 1 : 0.5, at: cluster.now)
        tip = log.contents
        engine = log.contents
        applied = log.committed
        lastSequence = log.lastSequence
    }

    var name: String { "\(log.name)/\(member) term \(term)" }
    var isLeaseValid: Bool { cluster.now < leaseEnd }
    var isPaused: Bool { cluster.now < pausedUntil }

    // MARK: Its life

    func begin(_ picture: CoordinatorPicture) {
        cluster.trace("\(name) begins")
        queue(.termStart) { process in
            process.isServing = true
            process.machine = ReshardingMachine(
                identity: .init(
                    cluster: "c",
                    coordinator: "k",
                    shard: process.log.name,
                    term: process.term,
                    planted: process.cluster.planted
                ),
                picture: picture,
                owned: process.log.contents.owned,
                committed: process.log.committedSequence
            )
            process.feed(.tick)
            process.cluster.coordinator.attach(process)
            process.tick()
        }
        renewLease()
    }

    /// Runs now, or when the process goes on.
    func soon(_ body: @escaping (ReshardProcess) -> Void) {
        guard isAlive else { return }
        guard isPaused else { return body(self) }
        postponed.append(body)
    }

    func after(_ delay: UInt64, _ body: @escaping (ReshardProcess) -> Void) {
        cluster.at(cluster.now + delay) { [weak self] in self?.soon(body) }
    }

    func pause(for time: UInt64) {
        pausedUntil = max(pausedUntil, cluster.now + time)
        cluster.at(pausedUntil) { [weak self] in
            guard let self, !isPaused else { return }
            let waiting = postponed
            postponed = []
            for body in waiting where isAlive { body(self) }
        }
    }

    /// Crash, or the end of the lead: nothing of it is answered any more, and nobody else hears of it but by its silence
    /// or its closed connections.
    func end(_ reason: String, isCrash: Bool) {
        guard isAlive else { return }
        cluster.trace("\(name) ends: \(reason)")
        isAlive = false
        isServing = false
        for queued in open { queued.isLost() }
        for command in held { command.reply(isCrash ? .closed : .redirect(nil)) }
        (open, held) = ([], [])
        for link in incomingLinks { link.close(bySource: true) }
        for link in outgoingLinks { link.close(bySource: false) }
        machine = nil
        cluster.ended(self)
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
        if cluster.random.chance(0.3) { apply() }
        if cluster.random.chance(0.1) { feed(.leftovers(log.leftovers)) }
        if cluster.random.chance(0.05) {
            feed(.latency(p99: cluster.random.pick(500...20_000), commits: cluster.random.pick(below: 100)))
        }
        feed(.tick)
        after(cluster.random.pick(15_000...60_000)) { $0.tick() }
    }

    /// The applier: the engine gets what is committed.
    func apply() {
        for entry in log.entries[applied..<log.committed] { engine.apply(entry, cluster.keys) }
        applied = log.committed
    }

    // MARK: Commands

    func submit(_ command: ReshardCommand) {
        guard isServing, isLeaseValid else { return command.reply(.redirect(nil)) }
        let slot = cluster.keys.slot(of: command.key)
        if serving.held.contains(slot) || serving.writesHeld.contains(slot) && !command.isRead {
            held.append(command)
            return
        }
        guard serving.served.contains(slot) || serving.writesHeld.contains(slot) else {
            let owner = machine?.map.ownerName(of: slot)
            return command.reply(.redirect(owner == log.name ? nil : owner))
        }
        if command.isRead {
            let stored = log.contents.values[command.key]
            cluster.truth.served(key: command.key, value: stored?.value, version: stored?.version, shard: name)
            return command.reply(.value(stored?.value))
        }
        guard !isDiskFull else { return command.reply(.redirect(nil)) }
        evaluate(command)
    }

    private func evaluate(_ command: ReshardCommand) {
        let before = tip.values[command.key]?.value
        let after: Tokens?
        switch command.kind {
        case .get: return
        case .set(let token): after = [token]
        case .append(let token): after = (before ?? []) + [token]
        case .setIfAbsent(let token):
            guard before == nil else {
                open.append(Queued(isCommitted: { _ in command.reply(.done) }, isLost: { command.reply(.closed) }))
                return arm()
            }
            after = [token]
        case .delete: after = nil
        }
        queue(.write(key: command.key, before: before, after: after), lost: { command.reply(.closed) }) { _ in
            command.reply(.done)
        }
    }

    func releaseHeld() {
        let waiting = held
        held = []
        for command in waiting { submit(command) }
    }

    // MARK: The log

    /// Appends a record; `done` when it is committed, and this process still leads.
    func queue(
        _ record: ReshardRecord,
        lost: @escaping () -> Void = {},
        _ done: @escaping (ReshardProcess) -> Void
    ) {
        lastSequence += 1
        let entry = ReshardLogEntry(sequence: lastSequence, record: record)
        if case .jump(let beyond) = record { lastSequence = max(lastSequence, beyond) }
        tip.apply(entry, cluster.keys)
        open.append(Queued(entry: entry, isCommitted: done, isLost: lost))
        arm()
    }

    private func arm() {
        guard !isCommitting, !open.isEmpty else { return }
        isCommitting = true
        after(cluster.random.pick(20...200)) { $0.commit() }
    }

    private func commit() {
        guard log.term == term else { return end("another leads", isCrash: false) }
        let batch = open
        open = []
        log.append(batch.compactMap(\.entry))
        let count = log.entries.count
        let time = cluster.random.pick(200...3_000) + (syncDelay > 0 ? cluster.random.pick(0...syncDelay) : 0)
        // The disks go on, whatever becomes of the process; its members take no record of a term that is over.
        cluster.at(cluster.now + time) { [weak self, log, term, cluster] in
            guard log.term == term else {
                for queued in batch { queued.isLost() }
                self?.soon { $0.end("another leads", isCrash: false) }
                return
            }
            guard let self, isAlive else {
                for queued in batch { queued.isLost() }
                return
            }
            log.commit(count, at: cluster.now)
            soon { $0.committed(batch) }
        }
    }

    private func committed(_ batch: [Queued]) {
        guard isLeaseValid else {
            for queued in batch { queued.isLost() }
            return end("its lease ran out", isCrash: false)
        }
        isCommitting = false
        for queued in batch where isAlive { queued.isCommitted(self) }
        guard isAlive else { return }
        feed(.committed(through: log.committedSequence))
        arm()
    }
}
