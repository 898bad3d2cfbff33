import Coordination
import Logging
import NIOCore
import Replication
import Resharding
import Routing
import Server
import Storage
import Synchronization

/// Executes what `ReshardingMachine` decides while this node leads its shard, for one term: on the connections of moves,
/// in the store, at the coordinator.
///
/// The machine lives on one event loop that neither syncs nor reads engines. What blocks runs on two threads: one appends
/// to the log, in order, one reads for targets.
final class ReshardingDriver: ShardResharding, @unchecked Sendable {
    // Sendable: everything mutable is confined to `eventLoop`, except what has its own lock.
    struct Surroundings: Sendable {
        /// Something people should know.
        var note: @Sendable (String) -> Void
        /// The 99th percentile of this node's commits in microseconds, and how many there were, over the last seconds.
        var latency: @Sendable () -> (p99: UInt64, commits: Int)
        /// The coordinator, as its watch told last.
        var picture: @Sendable () -> CoordinatorPicture
    }

    let store: ShardStore
    let shard: String
    let term: UInt64
    let coordinator: ReshardCoordinator
    let eventLoop: any EventLoop
    let logger: Logger
    let surroundings: Surroundings
    /// For connections to sources.
    let group: any EventLoopGroup
    let reads = WorkQueue()
    private let identity: ReshardingMachine.Identity
    private var appender: ShardAppender?
    /// Used by the thread that calls `begin` alone.
    private var hasBegun = false
    private var machine: ReshardingMachine?
    /// The newest picture from before the machine was there.
    private var early: CoordinatorPicture?
    private var ticker: RepeatedTask?
    private var observer: Int?
    private let wakeUp: CoalescedWake
    private var tickedSlowlyAt: UInt64 = 0
    /// Once ended, nothing of this driver reaches store or streams any more.
    private let ended = Mutex(false)
    private let published = Mutex<ReshardProgress?>(nil)

    // Links; the targets' are numbered here.
    private let links = Mutex<(next: UInt64, streams: [UInt64: any MigrationStream])>((1, [:]))
    /// Used by the reading thread alone.
    private let readings = ReadingTable()
    private var connections: [UInt64: MigrationConnection] = [:]

    /// - Parameters:
    ///   - eventLoop: one that neither syncs nor reads engines.
    ///   - group: loops for connections to sources.
    init(
        identity: ReshardingMachine.Identity,
        coordinator: ReshardCoordinator,
        store: ShardStore,
        eventLoop: any EventLoop,
        group: any EventLoopGroup,
        logger: Logger,
        surroundings: Surroundings
    ) {
        self.identity = identity
        shard = identity.shard
        term = identity.term
        self.coordinator = coordinator
        self.store = store
        self.eventLoop = eventLoop
        self.group = group
        self.logger = logger
        self.surroundings = surroundings
        wakeUp = CoalescedWake(eventLoop)
        wakeUp.body = { [weak self] in self?.lookAtStore() }
        Task { await readUntilInformed() }
    }

    /// The term serves from now on: decides what. Blocks until the store goes by it; not for event loops. More calls do
    /// nothing.
    func begin() throws(StorageError) {
        guard !hasBegun, !ended.withLock({ $0 }) else { return }
        hasBegun = true
        let appender = try ShardAppender(store: store, term: term) { [weak self] event in self?.receive(event) }
        let (owned, committed) = store.lock.withLock { (store.ownership?.slots ?? SlotSet(), store.commitPosition) }
        let begun = eventLoop.submit { [self] in
            self.appender = appender
            machine = ReshardingMachine(
                identity: identity,
                picture: early ?? surroundings.picture(),
                owned: owned,
                committed: committed.sequence
            )
            handle(.pictureSeen(surroundings.picture()))
            let period = TimeAmount.milliseconds(Int64(ReshardingLimits.tickPeriod))
            ticker = eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { [weak self] _ in
                self?.tick()
            }
        }
        // The loop outlives every node.
        try? begun.wait()
        lookForLeftovers()
    }

    /// The lead has ended: nothing is decided any more. Any thread; blocks no longer than what is under way at the store.
    func end() {
        ended.withLock { ended in
            if ended { return }
            ended = true
            store.setServing(nil)
        }
        eventLoop.execute { [self] in
            machine = nil
            ticker?.cancel()
            for connection in connections.values { connection.close() }
            connections = [:]
            if let observer { store.unobserve(observer) }
            observer = nil
        }
    }

    /// After `end`: waits for what the threads are at. Blocks; not for event loops.
    func join() {
        let appender = try? eventLoop.submit { [self] in
            defer { self.appender = nil }
            return self.appender
        }.wait()
        appender?.end()
        reads.end()
    }

    var progress: ReshardProgress? { published.withLock { $0 } }

    /// The watch has told of something.
    func see(_ picture: CoordinatorPicture) { receive(.pictureSeen(picture)) }

    /// Any thread.
    func receive(_ event: ReshardingMachine.Event) { eventLoop.execute { self.handle(event) } }

    // MARK: Connections of targets

    func attach(_ stream: any MigrationStream, _ hello: MigrationHello) -> UInt64? {
        if ended.withLock({ $0 }) { return nil }
        let link = links.withLock { links in
            defer { links.next += 1 }
            links.streams[links.next] = stream
            return links.next
        }
        receive(.source(link: link, .hello(hello)))
        return link
    }

    func receive(_ event: MigrationSourceMachine.Event, link: UInt64) {
        if case .closed = event { forget(link) }
        receive(.source(link: link, event))
    }

    private func forget(_ link: UInt64) {
        links.withLock { $0.streams[link] = nil }
        store.pinLog(id: link, after: nil)
        reads.add { [readings] in readings.byLink[link] = nil }
    }

    // MARK: On the loop

    private func handle(_ event: ReshardingMachine.Event) {
        guard machine != nil else {
            if case .pictureSeen(let picture) = event { early = picture }
            return
        }
        let now = BootClock.milliseconds()
        guard let actions = machine?.handle(event, now: now) else { return }
        for action in actions { execute(action) }
        watchTheStore()
    }

    private func tick() {
        guard let machine else { return }
        let now = BootClock.milliseconds()
        let isSlow = now >= tickedSlowlyAt + ReshardingDriver.slowPeriod
        if isSlow {
            tickedSlowlyAt = now
            let latency = surroundings.latency()
            handle(.latency(p99: latency.p99, commits: latency.commits))
        }
        guard isSlow || machine.isBusy else { return }
        handle(.tick)
        let progress = self.machine?.progress(now: now)
        published.withLock { $0 = progress }
    }

    /// Latencies are those of the last seconds; and what failed is tried again after a while without a job, too.
    private static let slowPeriod: UInt64 = 1_000

    /// Every commit is told while a move may be under way, and none otherwise.
    private func watchTheStore() {
        let isBusy = machine?.isBusy ?? false
        if isBusy, observer == nil {
            observer = store.observe { [wakeUp] in wakeUp.signal() }
            lookAtStore()
        } else if !isBusy, let token = observer {
            store.unobserve(token)
            observer = nil
            lookForLeftovers()
        }
    }

    private func lookAtStore() {
        let sequence = store.lock.withLock { store.commitPosition.sequence }
        handle(.committed(through: sequence))
    }

    /// On the reading thread: it looks at the counts of all slots.
    private func lookForLeftovers() {
        reads.add { [weak self, store] in
            guard store.beginUse() else { return }
            defer { store.endUse() }
            self?.receive(.leftovers(store.leftoverSlots()))
        }
    }

    private func execute(_ action: ReshardingMachine.Action) {
        switch action {
        case .serve(let serving): ended.withLock { ended in if !ended { store.setServing(serving) } }
        case .changeOwnership(let number, let own, let disown, let version):
            appender?.add(.changeOwnership(number: number, own: own.set, disown: disown.set, mapVersion: version))
        case .clear(let number, let slots): appender?.add(.clear(number: number, slots.set))
        case .propose(let proposal): Task { await propose(proposal) }
        case .readCoordinator: Task { await readCoordinator() }
        case .source(let link, let action): execute(action, source: link)
        case .target(let link, let action): execute(action, target: link)
        case .note(let text):
            logger.info("resharding", metadata: ["what": "\(text)"])
            surroundings.note(text)
        }
    }

    private func execute(_ action: MigrationSourceMachine.Action, source link: UInt64) {
        let stream = links.withLock { $0.streams[link] }
        switch action {
        case .send(let frame): stream?.send(frame)
        case .openCopy(let slots):
            guard let stream else { return }
            let deliver: @Sendable (ReshardingMachine.Event) -> Void = { [weak self] in self?.receive($0) }
            reads.add { [readings, store] in
                let reading = SourceReading(link: link, stream: stream, store: store, slots: slots.set, deliver: deliver)
                readings.byLink[link] = reading
                reading.open()
            }
        case .sendChunks(let maxBytes):
            reads.add { [readings] in readings.byLink[link]?.sendChunks(maxBytes: maxBytes) }
        case .readLog(let sequence, let maxBytes):
            reads.add { [readings] in readings.byLink[link]?.readLog(after: sequence, maxBytes: maxBytes) }
        case .pinLog(let sequence): store.pinLog(id: link, after: sequence)
        case .close(let reason):
            stream?.close(because: reason)
            forget(link)
        }
    }

    private func execute(_ action: MigrationTargetMachine.Action, target link: UInt64) {
        switch action {
        case .connect(let address, let hello): connect(to: address, hello, link)
        case .send(let frame): connections[link]?.send(frame)
        case .clear(let slots): appender?.add(.stage(link: link, slots.set))
        case .importChunk(let chunk): appender?.add(.importChunk(link: link, chunk))
        case .jump(let number, let beyond): appender?.add(.jump(link: link, number: number, beyond: beyond))
        case .close: connections.removeValue(forKey: link)?.close()
        }
    }

    private func connect(to text: String, _ hello: MigrationHello, _ link: UInt64) {
        guard let address = try? NodeAddress(text) else {
            return receive(.target(link: link, .closed(reason: "\(text) is no address")))
        }
        connections[link] = MigrationConnection(to: address, hello, eventLoop: group.next()) { [weak self] event in
            self?.receive(.target(link: link, event))
        }
    }

    // MARK: The coordinator

    private func propose(_ proposal: ReshardProposal) async {
        let outcome = await coordinator.propose(proposal, known: surroundings.picture())
        receive(.decided(number: proposal.number, outcome))
    }

    private func readCoordinator() async {
        do throws(CoordinationError) {
            receive(.pictureSeen(try await coordinator.picture()))
        } catch {
            // The watch tells the same, later.
            logger.info("the coordinator can't be read", metadata: ["reason": "\(error.message)"])
        }
    }

    /// What the map says is known only from a picture that has this term; commands wait for it.
    private func readUntilInformed() async {
        while !ended.withLock({ $0 }) {
            do throws(CoordinationError) {
                let picture = try await coordinator.picture()
                receive(.pictureSeen(picture))
                if picture.records[shard]?.record?.term ?? 0 >= term { return }
            } catch {
                logger.info("the coordinator can't be read", metadata: ["reason": "\(error.message)"])
            }
            // The pause between attempts of a bounded call. Cancelled: the process ends.
            guard (try? await Task.sleep(for: .milliseconds(ReshardingLimits.retryPause))) != nil else { return }
        }
    }
}

/// What the reading thread has open, by link.
private final class ReadingTable: @unchecked Sendable {
    // Sendable: used by the reading thread alone.
    var byLink: [UInt64: SourceReading] = [:]
}
