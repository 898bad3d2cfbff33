import Coordination
import Logging
import NIOCore
import Replication
import Routing
import Server
import Storage
import Synchronization

/// Executes what `LeadershipMachine` decides for this node's shard: at the coordinator, in the store, on the streams.
///
/// Events come from any thread. Whoever finds the inbox idle drains it, so that an acknowledgement commits a batch on the
/// thread it arrived on; whoever finds it being drained leaves its event there. Only what returns at once is done while
/// draining; the rest goes to `work`, in order, or to tasks.
final class LeadershipDriver: ShardLeadership, @unchecked Sendable {
    // Sendable: `machine` and everything marked "while draining" is touched by the one thread that drains the inbox.
    enum Item {
        case event(LeadershipMachine.Event)
        /// The store may have got further.
        case look
        case question(@Sendable (borrowing LeadershipMachine, UInt64) -> Void)
    }

    private struct Inbox {
        var items: [Item] = []
        var isDraining = false
        var isClosed = false
    }

    /// What the node around it does; called while draining or from `work`, so in order.
    struct Delegate: Sendable {
        /// The node serves in this role now, under that leader if it is another; blocks until every event loop does. From
        /// `work`.
        var serve: @Sendable (_ leads: Bool, _ leader: Member?) -> Void
        /// Follow that member, or go on following under a later term. From `work`; may block.
        var follow: @Sendable (Member, _ term: UInt64) -> Void
        /// Stop following. From `work`; blocks until storage work has ended.
        var unfollow: @Sendable () -> Void
        /// That term is about to begin here. From `work`.
        var termBegins: @Sendable (_ term: UInt64) -> Void
        /// Leadership has ended; nothing that it asked for may be done any more. While draining, so it returns at once.
        var termEnded: @Sendable () -> Void
        /// Say with every acknowledgement that this replica is going to stop.
        var sayLeaving: @Sendable () -> Void
        /// Something people should know.
        var note: @Sendable (LeadershipMachine.Gravity, String) -> Void
    }

    let coordinator: ClusterCoordinator
    let store: ShardStore
    let shard: String
    let member: Member
    let lease: LeaseRule
    let logger: Logger
    let delegate: Delegate
    let work = WorkQueue("shoal-leader")
    let calls = CoordinatorCalls()
    private let inbox = Mutex(Inbox())
    private let published: Mutex<LeadershipStatus>
    let streams = Mutex<(next: UInt64, byLink: [UInt64: any FollowerStream])>((1, [:]))
    let notices = Mutex(NoticeOutbox())
    let waiters = Mutex(Waiters())

    // While draining.
    private var machine: LeadershipMachine
    /// The newest word on the intake; what comes late of an older one is dropped.
    var intake = LeadershipMachine.Intake.closed(leader: nil)
    /// The term being led, from `beginTerm` to stepping down; also read by jobs.
    let ledTerm = Mutex<UInt64?>(nil)
    /// Connections that wait for replicas.
    var replicaWaits = ReplicaWaits()
    private var waitsForDrain = false
    private var toldDurable = Position.zero
    private var toldBlocker: String?
    private var hasToldFailure = false
    private var observer: Int?
    private var ticker: RepeatedTask?
    private let control: any EventLoop

    /// - Parameters:
    ///   - minInSync: writes are refused with fewer members in the in-sync set.
    ///   - control: a loop that neither syncs nor reads engines: renewals must not wait for a disk.
    init(
        _ configuration: LeadershipMachine.Configuration,
        minInSync: Int,
        coordinator: ClusterCoordinator,
        store: ShardStore,
        control: any EventLoop,
        logger: Logger,
        delegate: Delegate
    ) {
        self.coordinator = coordinator
        self.store = store
        self.control = control
        self.logger = logger
        self.delegate = delegate
        shard = configuration.shard
        member = configuration.member
        lease = configuration.lease
        let now = BootClock.milliseconds()
        let blocker = LeadershipDriver.blocker(of: store)
        machine = LeadershipMachine(
            configuration: configuration,
            durable: store.log.syncedEnd,
            blocker: blocker,
            now: now
        )
        toldDurable = store.log.syncedEnd
        toldBlocker = blocker
        published = Mutex(machine.status(now: now))
        store.changeQuorum { $0.membersMin = minInSync }
    }

    func start() {
        let token = store.observe { [weak self] in self?.put(.look) }
        let period = TimeAmount.milliseconds(Int64(LeadershipLimits.tickPeriod))
        let task = control.scheduleRepeatedTask(initialDelay: .zero, delay: period) { [weak self] _ in
            self?.handle(.tick)
        }
        ask { [self] _, _ in
            observer = token
            ticker = task
        }
    }

    /// Hands over if this node leads, leaves the in-sync set, ends the session, and ends itself. Blocks.
    func stop() {
        let stopped = Answer<Void>()
        waiters.withLock { $0.stop = stopped }
        handle(.stop)
        stopped.wait(milliseconds: LeadershipDriver.stopPatience)
        _ = waiters.withLock { $0.ended }?.wait(milliseconds: LeadershipDriver.endPatience)
        // Stepping down has ended them; a disk that hangs may have kept it from that.
        ask { [self] _, _ in replicaWaits.end() }
        inbox.withLock { $0.isClosed = true }
        waiters.withLock { waiters in
            while !waiters.switchovers.isEmpty { waiters.endSwitchover("the node was stopped meanwhile") }
        }
        ticker?.cancel()
        if let observer { store.unobserve(observer) }
        calls.end()
        work.close()
    }

    /// A little longer than the machine's own bounds for a stop together.
    private static let stopPatience = Int(LeadershipLimits.stopMax + LeadershipLimits.leaveMax) + 1000

    /// For the session's end to be told; it ends by itself otherwise.
    private static let endPatience = 1000

    /// Who leads and why others could not, at most a tick old. Any thread.
    var status: LeadershipStatus { published.withLock { $0 } }

    var isAboutToLead: Bool { ledTerm.withLock { $0 } != nil }

    var isClosed: Bool { inbox.withLock { $0.isClosed } }

    /// Asks the machine, in turn with its events.
    /// - Returns: false when the driver has ended and the question will not be asked.
    @discardableResult
    func ask(_ question: @escaping @Sendable (borrowing LeadershipMachine, UInt64) -> Void) -> Bool {
        put(.question(question))
    }

    func handle(_ event: LeadershipMachine.Event) {
        if case .followerDetached(let link) = event { streams.withLock { $0.byLink[link] = nil } }
        put(.event(event))
    }

    /// The same from a thread that must not drain: one that waits for others, or that the coordinator's calls share.
    func tell(_ event: LeadershipMachine.Event) {
        control.execute { [weak self] in self?.handle(event) }
    }

    @discardableResult
    private func put(_ item: Item) -> Bool {
        let (isTaken, drains) = inbox.withLock { box in
            guard !box.isClosed else { return (false, false) }
            box.items.append(item)
            if box.isDraining { return (true, false) }
            box.isDraining = true
            return (true, true)
        }
        if drains { drain() }
        return isTaken
    }

    private func drain() {
        while true {
            let items = inbox.withLock { box in
                defer { box.items = [] }
                if box.items.isEmpty { box.isDraining = false }
                return box.items
            }
            if items.isEmpty { return }
            for item in items { take(item) }
        }
    }

    private func take(_ item: Item) {
        let now = BootClock.milliseconds()
        switch item {
        case .question(let question): question(machine, now)
        case .look: lookAtStore(now)
        case .event(.tick):
            lookAtStore(now)
            apply(.tick, now)
            let status = machine.status(now: now)
            published.withLock { $0 = status }
        case .event(let event):
            apply(event, now)
            if !replicaWaits.isEmpty, case .followerAcknowledged = event {
                replicaWaits.advance(machine.replicaProgress)
            }
        }
    }

    private func apply(_ event: LeadershipMachine.Event, _ now: UInt64) {
        for action in machine.handle(event, now: now) { execute(action) }
    }

    /// What the store has reached since the last look.
    private func lookAtStore(_ now: UInt64) {
        let durable = store.log.syncedEnd
        if let end = store.inFlightEnd, end > durable { apply(.appended(through: end), now) }
        if durable != toldDurable {
            toldDurable = durable
            apply(.durable(through: durable), now)
        }
        let blocker = LeadershipDriver.blocker(of: store)
        if blocker != toldBlocker {
            toldBlocker = blocker
            apply(.contents(blocker: blocker), now)
        }
        if !hasToldFailure, let failure = store.failed {
            hasToldFailure = true
            apply(.storeFailed(reason: failure.message), now)
        }
        if waitsForDrain, store.isDrained {
            waitsForDrain = false
            apply(.drained, now)
        }
    }

    private static func blocker(of store: ShardStore) -> String? {
        store.isBeingInstalled || !store.engine.isComplete ? "it takes a snapshot" : nil
    }

    private func execute(_ action: LeadershipMachine.Action) {
        switch action {
        case .openSession, .renewSession, .endSession, .publish, .propose, .readCoordinator: call(action)
        case .beginTerm(let term, let waits): beginTerm(term, waits: waits)
        case .setWaiting(let waits):
            let bound = store.changeQuorum { $0.waitsForReplicas = waits }
            if waits { handle(.waiting(from: bound)) }
        case .setMembers(let count): store.changeQuorum { $0.members = count }
        case .setCommit(let sequence, _): store.advanceReplicated(to: sequence)
        case .setLease(let until): store.setLease(until: until == .max ? .max : until * 1_000_000)
        case .setIntake(let intake):
            waitsForDrain = intake == .held
            set(intake)
        case .stepDown(let reason, let leader): stepDown(reason, leader)
        case .follow(let leader, let term): work.add { [self] in delegate.follow(leader, term) }
        case .allowSnapshot(let link): streams.withLock { $0.byLink[link] }?.allowSnapshot()
        case .tellFollowers(let record):
            for stream in streams.withLock({ Array($0.byLink.values) }) { stream.tell(record) }
        case .sayLeaving: delegate.sayLeaving()
        case .note(let gravity, let text):
            logger.log(level: gravity == .loss ? .warning : .info, "leadership", metadata: ["what": "\(text)"])
            delegate.note(gravity, text)
        case .switchoverEnded(let failure): waiters.withLock { $0.endSwitchover(failure) }
        case .stopped: waiters.withLock { $0.stop }?.give()
        }
    }

    /// A planned change of leader, to the member at that address; nil: to the one that is furthest.
    /// - Returns: why there was none, in words; nil when another leads now.
    func switchOver(to target: String?) async -> String? {
        await withCheckedContinuation { continuation in
            // In turn with the machine's answers, which come in the order of the questions.
            let isAsked = ask { [self] _, _ in
                waiters.withLock { $0.switchovers.append { continuation.resume(returning: $0) } }
                handle(.switchover(to: target))
            }
            if !isAsked { continuation.resume(returning: "the node is being stopped") }
        }
    }

    // MARK: Followers' streams

    func attach(_ stream: any FollowerStream, member: Member, term: UInt64) -> UInt64 {
        let link = streams.withLock { state in
            defer { state.next += 1 }
            state.byLink[state.next] = stream
            return state.next
        }
        handle(.followerAttached(link: link, member: member, term: term))
        return link
    }
}
