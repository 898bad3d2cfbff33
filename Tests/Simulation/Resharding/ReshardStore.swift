import Model
import Node
import Replication
import Storage

/// The store of a shard's leader, for one term: what it appends, commits and serves, and what its driver has opened in it.
final class ReshardStore: @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    unowned let cluster: ReshardCluster
    weak var process: ReshardProcess?
    let log: ShardLogModel
    let term: UInt64
    let loop: SimulatedLoop
    var isDiskFull = false
    var syncDelay: UInt64 = 0
    private(set) var isLeading = true
    /// Contents with everything that was queued.
    private(set) var tip: ShardContents
    private var lastSequence: UInt64
    private var open: [Queued] = []
    private var isCommitting = false
    /// Entries of the log that are committed as far as this leader knows.
    private(set) var known: Int
    /// What the engine has: behind what is committed.
    private(set) var engine: ShardContents
    private(set) var applied: Int

    // What its driver has opened.
    private(set) var serving: SlotServing?
    private(set) var observers: [Int: @Sendable () -> Void] = [:]
    private(set) var pins: [UInt64: UInt64] = [:]
    var views: [UInt64: UInt64] = [:]
    var openLogs = 0
    /// Payload bytes of chunks that are committed.
    var chunkBytesWritten: UInt64 = 0

    struct Queued {
        /// nil: waits for what is before it.
        var entry: ReshardLogEntry?
        var isCommitted: () -> Void
        var isLost: () -> Void
    }

    /// A view that is older pins pages of the engine, so that its file grows.
    static let viewAgeMax: UInt64 = 2_000_000

    init(cluster: ReshardCluster, log: ShardLogModel, term: UInt64, loop: SimulatedLoop) {
        self.cluster = cluster
        self.log = log
        self.term = term
        self.loop = loop
        tip = log.contents
        engine = log.contents
        known = log.committed
        applied = log.committed
        lastSequence = log.lastSequence
    }

    /// Leadership has ended, or the process: what is queued is not done.
    func stopLeading() {
        isLeading = false
        let lost = open
        open = []
        for queued in lost { queued.isLost() }
    }

    // MARK: The log

    /// Appends a record.
    /// - Parameters:
    ///   - lost: it may be committed or not; the next leader knows.
    ///   - done: it is committed, and this process still leads.
    /// - Returns: its sequence.
    @discardableResult
    func queue(_ record: ReshardRecord, lost: @escaping () -> Void = {}, _ done: @escaping () -> Void) -> UInt64 {
        lastSequence += 1
        let entry = ReshardLogEntry(sequence: lastSequence, term: term, record: record)
        if case .jump(let beyond) = record { lastSequence = max(lastSequence, beyond) }
        process?.checkGivenAway(entry)
        tip.apply(entry, cluster.keys)
        open.append(Queued(entry: entry, isCommitted: done, isLost: lost))
        arm()
        return entry.sequence
    }

    /// Waits for what is queued by now.
    func queueBehind(lost: @escaping () -> Void, _ done: @escaping () -> Void) {
        open.append(Queued(isCommitted: done, isLost: lost))
        arm()
    }

    private func arm() {
        guard !isCommitting, !open.isEmpty else { return }
        isCommitting = true
        loop.after(cluster.random.pick(20...200)) { [weak self] in self?.commit() }
    }

    private func commit() {
        guard isLeading else { return }
        guard log.term == term else { return end("another leads") }
        let batch = open
        open = []
        log.append(batch.compactMap(\.entry))
        let count = log.entries.count
        let time = cluster.random.pick(200...3_000) + (syncDelay > 0 ? cluster.random.pick(0...syncDelay) : 0)
        // The disks go on, whatever becomes of the process; its members take no record of a term that is over.
        cluster.at(cluster.now + time) { [weak self, log, term, cluster] in
            guard log.term == term else {
                for queued in batch { queued.isLost() }
                self?.loop.run { [weak self] in self?.end("another leads") }
                return
            }
            guard let self, isLeading else {
                for queued in batch { queued.isLost() }
                return
            }
            log.commit(count, at: cluster.now)
            loop.run { [weak self] in self?.committed(batch, count) }
        }
    }

    private func committed(_ batch: [Queued], _ count: Int) {
        guard isLeading, process?.isLeaseValid ?? false else {
            for queued in batch { queued.isLost() }
            return end("its lease ran out")
        }
        isCommitting = false
        known = max(known, count)
        for queued in batch { queued.isCommitted() }
        guard isLeading else { return }
        checkViews()
        for token in observers.keys.sorted() { observers[token]?() }
        arm()
    }

    private func end(_ reason: String) { process?.end(reason, isCrash: false) }

    /// The applier: the engine gets what is committed.
    func apply() {
        for entry in log.entries[applied..<known] { engine.apply(entry, cluster.keys) }
        applied = known
    }

    /// Slots that have keys and are not owned, by the engine.
    var leftovers: SlotSet { engine.leftovers(cluster.keys) }

    /// Writes go on.
    private func checkViews() {
        guard let oldest = views.values.min(), cluster.now > oldest + ReshardStore.viewAgeMax else { return }
        cluster.truth.fail("\(process?.name ?? log.name) has a view open for \((cluster.now - oldest) / 1_000) ms")
    }

    /// What its driver has left open, in words; nil for nothing.
    var leftOpen: String? {
        if serving != nil { return "slots are still served or held" }
        if !observers.isEmpty { return "commits are still told" }
        if !pins.isEmpty { return "\(pins.count) pins of the log are held" }
        if !views.isEmpty { return "\(views.count) views of the engine are open" }
        return openLogs == 0 ? nil : "\(openLogs) logs are open"
    }
}

// MARK: What the driver asks of it

extension ReshardStore: ReshardingStore {
    var state: (owned: SlotSet, committed: UInt64) { (log.contents.owned, committedEnd.sequence) }

    func setServing(_ serving: SlotServing?) {
        self.serving = serving
        loop.after(0) { [weak self] in self?.process?.releaseHeld() }
    }

    func observe(_ body: @escaping @Sendable () -> Void) -> Int {
        let token = Int(cluster.nextNumber())
        observers[token] = body
        return token
    }

    func unobserve(_ token: Int) { observers[token] = nil }
    func pinLog(id: UInt64, after sequence: UInt64?) { pins[id] = sequence }
    func beginUse() -> Bool { loop.state != .dead }
    func endUse() {}
    func makeLog(term: UInt64) -> any ReshardingLog { ReshardStoreLog(self) }
}
