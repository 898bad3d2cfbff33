import Coordination
import Logging
import Model
import NIOCore
import Replication
import Resharding
import Server
import Storage
import Synchronization

/// Executes what `ReshardingMachine` decides while this node leads its shard, for one term: on the connections of moves,
/// in the store, at the coordinator.
///
/// The machine lives on one event loop that neither syncs nor reads engines. What blocks runs on two threads: one appends
/// to the log, in order, one reads for targets. Whatever it opens it ends: links, streams of targets, pins of the log,
/// timers, copies, what is served.
package final class ReshardingDriver: ShardResharding, @unchecked Sendable {
    // Sendable: everything mutable is confined to `eventLoop`, except what has its own lock.
    let store: any ReshardingStore
    let identity: ReshardingMachine.Identity
    let eventLoop: any EventLoop
    let tools: Tools
    let logger: Logger
    let delegate: Delegate
    private let log: any ReshardingLog
    let appender: ShardAppender
    private let relay: EventRelay
    /// Used by the thread that calls `begin` alone.
    private var hasBegun = false
    private var machine: ReshardingMachine?
    /// What was seen of the coordinator before the machine was there.
    private var early: CoordinatorSnapshot?
    private var nextTick: Scheduled<Void>?
    var nextRead: Scheduled<Void>?
    private var observer: Int?
    private let wakeUp: CoalescedWake
    private var tickedSlowlyAt: UInt64 = 0
    /// The last look for leftovers could not tell.
    private var mustLook = false
    private var sampledAt: UInt64 = 0
    /// Once ended, nothing of this driver reaches store or streams any more.
    let ended = Mutex(false)
    private let published = Mutex<ReshardProgress?>(nil)

    /// Links of targets, numbered here.
    let links = Mutex(SourceLinks())
    /// Used by the reading thread alone.
    let readings = ReadingTable()
    var connections: [UInt64: MigrationConnection] = [:]
    /// For a planted mistake: what it keeps held, and what was served before.
    var stuck = SlotSet()
    var lastServed = SlotSet()

    struct SourceLinks {
        var next: UInt64 = 1
        var streams: [UInt64: any MigrationStream] = [:]
        var isOver = false
    }

    /// - Parameter store: stays open until `join` has returned.
    package init(
        identity: ReshardingMachine.Identity,
        store: any ReshardingStore,
        tools: Tools,
        logger: Logger,
        delegate: Delegate
    ) {
        self.identity = identity
        self.store = store
        self.tools = tools
        self.logger = logger
        self.delegate = delegate
        eventLoop = tools.eventLoop
        log = store.makeLog(term: identity.term)
        let relay = EventRelay(tools.eventLoop)
        self.relay = relay
        appender = ShardAppender(log: log, planted: identity.planted) { relay.receive($0) }
        wakeUp = CoalescedWake(tools.eventLoop)
        wakeUp.body = { [weak self] in self?.lookAtStore() }
        relay.driver = self
        readUntilInformed()
    }

    func plants(_ bug: ReshardingBugs) -> Bool { identity.planted.contains(bug) }

    /// The term serves from now on: decides what. From one thread; more calls do nothing.
    /// - Parameter done: called on the event loop once the store goes by it, or when the driver has ended.
    package func begin(_ done: @escaping @Sendable () -> Void) {
        guard !hasBegun else { return eventLoop.execute(done) }
        hasBegun = true
        let state = store.state
        eventLoop.execute { [self] in
            defer { done() }
            if ended.withLock({ $0 }) { return }
            machine = ReshardingMachine(
                identity: identity,
                snapshot: early ?? delegate.known(),
                owned: state.owned,
                committed: state.committed
            )
            handle(.snapshotSeen(delegate.known()))
            lookForLeftovers()
            scheduleTick()
        }
    }

    /// Leadership has ended: nothing is decided any more, and everything that was opened ends. Any thread; blocks no longer
    /// than what is under way at the store.
    package func end() {
        let isFirst = ended.withLock { ended in
            if ended { return false }
            ended = true
            store.setServing(nil)
            return true
        }
        guard isFirst else { return }
        tools.coordinator.end()
        appender.end()
        eventLoop.execute { [self] in
            machine = nil
            nextTick?.cancel()
            nextRead?.cancel()
            if let observer { store.unobserve(observer) }
            observer = nil
            endLinks()
        }
    }

    /// After `end`: waits until nothing of it is left. Blocks; not for event loops.
    package func join() {
        let isOver = Answer<Void>()
        eventLoop.execute { isOver.give() }
        isOver.wait()
        log.close()
        tools.reads.close()
    }

    /// The same in simulated time, where nothing blocks: calls `done` when what was read and appended has ended. On the event
    /// loop, some time after `end`.
    package func close(then done: @escaping @Sendable () -> Void) {
        log.close()
        tools.reads.close(then: done)
    }

    package var progress: ReshardProgress? { published.withLock { $0 } }

    /// The watch has told of something.
    package func see(_ seen: CoordinatorSnapshot) { receive(.snapshotSeen(seen)) }

    /// Any thread.
    func receive(_ event: ReshardingMachine.Event) { relay.receive(event) }

    package func clean(_ slots: [ClosedRange<UInt16>]) async -> CleanOutcome {
        var set = SlotSet()
        for range in slots { set.insert(range) }
        let wanted = set
        return await withCheckedContinuation { continuation in
            eventLoop.execute { [self] in
                guard let machine else {
                    return continuation.resume(returning: .refused("this node is no longer the leader"))
                }
                if let blocker = machine.blocker(toClearing: wanted) {
                    return continuation.resume(returning: .refused(blocker))
                }
                appender.add(.clean(slots) { continuation.resume(returning: $0) })
            }
        }
    }

    // MARK: On the loop

    func handle(_ event: ReshardingMachine.Event) {
        guard machine != nil else {
            if case .snapshotSeen(let seen) = event { early = seen }
            return
        }
        guard let actions = machine?.handle(event, now: tools.clock.boot()) else { return }
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
        let now = tools.clock.boot()
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
        guard machine != nil else { return }
        handle(.committed(through: store.committedEnd.sequence))
    }

    /// Behind everything that is still to be appended: what a move that was called off brings last is nobody's, too. An engine
    /// that can't take it yet, on a full disk, is asked again.
    private func lookForLeftovers() {
        mustLook = false
        appender.add(
            .lookForLeftovers { [weak self] found in
                guard let self else { return }
                if let found { receive(.leftovers(found)) } else { eventLoop.execute { self.mustLook = true } }
            }
        )
    }
}

/// Brings events of any thread to a driver's event loop, in their order.
private final class EventRelay: @unchecked Sendable {
    // Sendable: `driver` is set once, before anybody has the relay, and read on the event loop.
    private let eventLoop: any EventLoop
    weak var driver: ReshardingDriver?

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func receive(_ event: ReshardingMachine.Event) { eventLoop.execute { self.driver?.handle(event) } }
}

/// What the reading thread has open, by link.
final class ReadingTable: @unchecked Sendable {
    // Sendable: used by the reading thread alone.
    var byLink: [UInt64: SourceReading] = [:]
}
