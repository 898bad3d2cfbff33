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
    struct Delegate: Sendable {
        /// Something people should know.
        var note: @Sendable (String) -> Void
        /// The 99th percentile of this node's commits in microseconds, and how many there were, since it was asked
        /// before.
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
    let delegate: Delegate
    /// For connections to sources.
    let group: any EventLoopGroup
    let reads = WorkQueue("shoal-copies")
    let calls = CoordinatorCalls()
    private let identity: ReshardingMachine.Identity
    var appender: ShardAppender?
    /// Used by the thread that calls `begin` alone.
    private var hasBegun = false
    private var machine: ReshardingMachine?
    /// The newest picture from before the machine was there.
    private var early: CoordinatorPicture?
    private var nextTick: Scheduled<Void>?
    private var observer: Int?
    private let wakeUp: CoalescedWake
    private var tickedSlowlyAt: UInt64 = 0
    /// The last look for leftovers could not tell.
    private var mustLook = false
    private var sampledAt: UInt64 = 0
    /// Once ended, nothing of this driver reaches store or streams any more.
    let ended = Mutex(false)
    private let published = Mutex<ReshardProgress?>(nil)

    // Links; the targets' are numbered here.
    let links = Mutex<(next: UInt64, streams: [UInt64: any MigrationStream])>((1, [:]))
    /// Used by the reading thread alone.
    let readings = ReadingTable()
    var connections: [UInt64: MigrationConnection] = [:]

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
        delegate: Delegate
    ) {
        self.identity = identity
        shard = identity.shard
        term = identity.term
        self.coordinator = coordinator
        self.store = store
        self.eventLoop = eventLoop
        self.group = group
        self.logger = logger
        self.delegate = delegate
        wakeUp = CoalescedWake(eventLoop)
        wakeUp.body = { [weak self] in self?.lookAtStore() }
        calls.begin { [weak self] in await self?.readUntilInformed() }
    }

    /// The term serves from now on: decides what. Blocks until the store goes by it; not for event loops. More calls do
    /// nothing.
    func begin() {
        guard !hasBegun, !ended.withLock({ $0 }) else { return }
        hasBegun = true
        let appender = ShardAppender(store: store, term: term) { [weak self] event in self?.receive(event) }
        let (owned, committed) = store.lock.withLock { (store.ownership?.slots ?? SlotSet(), store.commitPosition) }
        let begun = eventLoop.submit { [self] in
            self.appender = appender
            machine = ReshardingMachine(
                identity: identity,
                picture: early ?? delegate.picture(),
                owned: owned,
                committed: committed.sequence
            )
            handle(.pictureSeen(delegate.picture()))
            lookForLeftovers()
            scheduleTick()
        }
        // The loop outlives every node.
        try? begun.wait()
    }

    /// Leadership has ended: nothing is decided any more. Any thread; blocks no longer than what is under way at the store.
    func end() {
        ended.withLock { ended in
            if ended { return }
            ended = true
            store.setServing(nil)
        }
        calls.end()
        eventLoop.execute { [self] in
            machine = nil
            nextTick?.cancel()
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
        reads.close()
    }

    var progress: ReshardProgress? { published.withLock { $0 } }

    /// The watch has told of something.
    func see(_ picture: CoordinatorPicture) { receive(.pictureSeen(picture)) }

    /// Any thread.
    func receive(_ event: ReshardingMachine.Event) { eventLoop.execute { self.handle(event) } }

    func clean(_ slots: [ClosedRange<UInt16>]) async -> CleanOutcome {
        var set = SlotSet()
        for range in slots { set.insert(range) }
        let wanted = set
        return await withCheckedContinuation { continuation in
            eventLoop.execute { [self] in
                guard let machine, let appender else {
                    return continuation.resume(returning: .refused("this node is no longer the leader"))
                }
                if let blocker = machine.obstacle(toClearing: wanted) {
                    return continuation.resume(returning: .refused(blocker))
                }
                appender.add(.clean(slots) { continuation.resume(returning: $0) })
            }
        }
    }

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

    func forget(_ link: UInt64) {
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
        if case .cleared = event { lookForLeftovers() }
        watchTheStore()
    }

    /// A node that moves nothing wakes once a second for it.
    private func scheduleTick() {
        nextTick?.cancel()
        guard let machine else { return }
        let period = machine.isBusy ? ReshardingLimits.tickPeriod : ReshardingDriver.slowPeriod
        nextTick = eventLoop.scheduleTask(in: .milliseconds(Int64(period))) { [weak self] in
            self?.tick()
            self?.scheduleTick()
        }
    }

    private func tick() {
        guard let machine else { return }
        let now = BootClock.milliseconds()
        if now >= sampledAt + (machine.isBusy ? RateGovernor.samplePeriod : ReshardingDriver.slowPeriod) {
            sampledAt = now
            let latency = delegate.latency()
            handle(.latency(p99: latency.p99, commits: latency.commits))
        }
        let isSlow = now >= tickedSlowlyAt + ReshardingDriver.slowPeriod
        if isSlow { tickedSlowlyAt = now }
        guard isSlow || machine.isBusy else { return }
        if isSlow, mustLook { lookForLeftovers() }
        handle(.tick)
        let progress = self.machine?.progress(now: now)
        published.withLock { $0 = progress }
    }

    /// What failed is tried again after a while without a job, too; and the governor learns what is usual.
    private static let slowPeriod: UInt64 = 1_000

    /// Every commit is told while a move may be under way, and none otherwise.
    private func watchTheStore() {
        let isBusy = machine?.isBusy ?? false
        if isBusy, observer == nil {
            observer = store.observe { [wakeUp] in wakeUp.signal() }
            scheduleTick()
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

    /// Behind everything that is still to be appended: what a move that was called off brings last is nobody's, too. An engine
    /// that can't take it yet, on a full disk, is asked again.
    private func lookForLeftovers() {
        mustLook = false
        appender?.add(
            .lookForLeftovers { [weak self] found in
                guard let self else { return }
                if let found { receive(.leftovers(found)) } else { eventLoop.execute { self.mustLook = true } }
            }
        )
    }
}

/// What the reading thread has open, by link.
final class ReadingTable: @unchecked Sendable {
    // Sendable: used by the reading thread alone.
    var byLink: [UInt64: SourceReading] = [:]
}
