import Logging
import Model
import NIOCore
import Replication
import Server
import Storage
import Synchronization

/// Executes what `LeadershipMachine` decides for this node's shard: at the coordinator, in the store, on the streams.
///
/// Events come from any thread. Whoever finds the inbox idle drains it, so that an acknowledgement commits a batch on the
/// thread it arrived on; whoever finds it being drained leaves its event there. Only what returns at once is done while
/// draining; the rest goes to `work`, in order, or is a call to the coordinator.
package final class LeadershipDriver: ShardLeadership, @unchecked Sendable {
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
    package struct Delegate: Sendable {
        /// The node serves in this role now, under that leader if it is another; blocks until every event loop does. From
        /// `work`.
        package var serve: @Sendable (_ isLeader: Bool, _ leader: Member?) -> Void
        /// Follow that member, or go on following under a later term. From `work`; may block.
        package var follow: @Sendable (Member, _ term: UInt64) -> Void
        /// Stop following, and say so when storage work has ended. From `work`; may block.
        package var unfollow: @Sendable (_ done: @escaping @Sendable () -> Void) -> Void
        /// That term is about to begin here. From `work`.
        package var termBegins: @Sendable (_ term: UInt64) -> Void
        /// Leadership has ended; nothing that it asked for may be done any more. While draining, so it returns at once.
        package var termEnded: @Sendable () -> Void
        /// Say with every acknowledgement that this replica is going to stop.
        package var sayLeaving: @Sendable () -> Void
        /// The store takes no more writes until it is opened again. While draining, so it returns at once.
        package var storeFailed: @Sendable (StorageError) -> Void
        /// Something people should know.
        package var note: @Sendable (LeadershipMachine.Gravity, String) -> Void

        package init(
            serve: @escaping @Sendable (_ isLeader: Bool, _ leader: Member?) -> Void,
            follow: @escaping @Sendable (Member, _ term: UInt64) -> Void,
            unfollow: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void,
            termBegins: @escaping @Sendable (_ term: UInt64) -> Void,
            termEnded: @escaping @Sendable () -> Void,
            sayLeaving: @escaping @Sendable () -> Void,
            storeFailed: @escaping @Sendable (StorageError) -> Void = { _ in },
            note: @escaping @Sendable (LeadershipMachine.Gravity, String) -> Void
        ) {
            self.serve = serve
            self.follow = follow
            self.unfollow = unfollow
            self.termBegins = termBegins
            self.termEnded = termEnded
            self.sayLeaving = sayLeaving
            self.storeFailed = storeFailed
            self.note = note
        }
    }

    let coordinator: any LeadershipCoordinator
    let store: any LeadershipStore
    let environment: DriverEnvironment
    let shard: String
    let member: Member
    let lease: LeaseRule
    let logger: Logger
    let delegate: Delegate
    let work: any JobQueue
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
    /// Commands have been let in in this term.
    var hasOpened = false
    private var waitsForDrain = false
    private var toldDurable = Position.zero
    private var toldBlocker: String?
    private var hasToldFailure = false
    private var observer: Int?
    private var ticker: RepeatedTask?
    let control: any EventLoop

    /// - Parameters:
    ///   - minInSync: writes are refused with fewer members in the in-sync set.
    ///   - control: a loop that neither syncs nor reads engines: renewals must not wait for a disk.
    package init(
        _ configuration: LeadershipMachine.Configuration,
        minInSync: Int,
        coordinator: any LeadershipCoordinator,
        store: any LeadershipStore,
        control: any EventLoop,
        environment: DriverEnvironment = .system,
        logger: Logger,
        delegate: Delegate
    ) {
        self.coordinator = coordinator
        self.store = store
        self.control = control
        self.environment = environment
        work = environment.makeQueue("shoal-leader")
        self.logger = logger
        self.delegate = delegate
        shard = configuration.shard
        member = configuration.member
        lease = configuration.lease
        let now = environment.clock.boot()
        let blocker = store.contentsBlocker
        machine = LeadershipMachine(
            configuration: configuration,
            durable: store.syncedEnd,
            blocker: blocker,
            now: now
        )
        toldDurable = store.syncedEnd
        toldBlocker = blocker
        published = Mutex(machine.status(now: now))
        store.changeQuorum { $0.membersMin = minInSync }
    }

    package func start() {
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
    package func stop() {
        let stopped = Answer<Void>()
        stop { stopped.give() }
        stopped.wait()
        work.close()
    }

    /// The same without blocking.
    /// - Parameter done: called when nothing of the driver is left.
    package func stop(then done: @escaping @Sendable () -> Void) {
        once(
            within: LeadershipDriver.stopPatience,
            { [self] proceed in
                waiters.withLock { $0.onStopped = proceed }
                handle(.stop)
            }
        ) { [self] in
            guard let ending = waiters.withLock({ $0.ending }) else { return end(then: done) }
            once(within: LeadershipDriver.endPatience, ending.whenOver) { [self] in end(then: done) }
        }
    }

    /// Begins something, and goes on on the control loop when it has called back, or when the time is over.
    private func once(
        within milliseconds: Int64,
        _ begin: (@escaping @Sendable () -> Void) -> Void,
        _ goOn: @escaping @Sendable () -> Void
    ) {
        let box = Once(goOn)
        let patience = control.scheduleTask(in: .milliseconds(milliseconds)) { box.run() }
        begin { [control] in
            control.execute {
                patience.cancel()
                box.run()
            }
        }
    }

    /// On the control loop.
    private func end(then done: @escaping @Sendable () -> Void) {
        // Stepping down has ended them; a disk that hangs may have kept it from that.
        ask { [self] _, _ in replicaWaits.end() }
        inbox.withLock { $0.isClosed = true }
        waiters.withLock { waiters in
            while !waiters.switchovers.isEmpty { waiters.endSwitchover("the node was stopped meanwhile") }
        }
        ticker?.cancel()
        if let observer { store.unobserve(observer) }
        coordinator.end()
        endNotices()
        work.close(then: done)
    }

    /// A little longer than the machine's own bounds for a stop together.
    private static let stopPatience = Int64(LeadershipLimits.stopMax + LeadershipLimits.leaveMax) + 1000

    /// For the session's end to be told; it ends by itself otherwise.
    private static let endPatience: Int64 = 1000

    /// Who leads and why others could not: at most a tick old, and never of an earlier term than what the node serves as.
    /// Any thread.
    package var status: LeadershipStatus { published.withLock { $0 } }

    package var isAboutToLead: Bool { ledTerm.withLock { $0 } != nil }

    var isClosed: Bool { inbox.withLock { $0.isClosed } }

    /// Asks the machine, in turn with its events.
    /// - Returns: false when the driver has ended and the question will not be asked.
    @discardableResult
    package func ask(_ question: @escaping @Sendable (borrowing LeadershipMachine, UInt64) -> Void) -> Bool {
        put(.question(question))
    }

    package func handle(_ event: LeadershipMachine.Event) {
        if case .followerDetached(let link) = event { streams.withLock { $0.byLink[link] = nil } }
        put(.event(event))
    }

    /// The same from a thread that must not drain: one that waits for others, or that the coordinator's calls share.
    package func tell(_ event: LeadershipMachine.Event) {
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
        let now = environment.clock.boot()
        switch item {
        case .question(let question): question(machine, now)
        case .look: lookAtStore(now)
        case .event(.tick):
            lookAtStore(now)
            apply(.tick, now)
            publishStatus(now)
        case .event(let event):
            apply(event, now)
            if !replicaWaits.isEmpty, case .followerAcknowledged = event {
                replicaWaits.advance(machine.replicaProgress)
            }
        }
    }

    private func apply(_ event: LeadershipMachine.Event, _ now: UInt64) {
        let actions = machine.handle(event, now: now)
        // First: whoever sees the node as leader, or no longer, sees the term with it.
        if actions.contains(where: \.changesRole) { publishStatus(now) }
        for action in actions { execute(action) }
    }

    private func publishStatus(_ now: UInt64) {
        let status = machine.status(now: now)
        published.withLock { $0 = status }
    }

    /// What the store has reached since the last look.
    private func lookAtStore(_ now: UInt64) {
        let durable = store.syncedEnd
        if let end = store.inFlightEnd, end > durable { apply(.appended(through: end), now) }
        if durable != toldDurable {
            toldDurable = durable
            apply(.durable(through: durable), now)
        }
        let blocker = store.contentsBlocker
        if blocker != toldBlocker {
            toldBlocker = blocker
            apply(.contents(blocker: blocker), now)
        }
        if !hasToldFailure, let failure = store.failed {
            hasToldFailure = true
            apply(.storeFailed(reason: failure.message), now)
            delegate.storeFailed(failure)
        }
        if waitsForDrain, store.isDrained {
            waitsForDrain = false
            apply(.drained, now)
        }
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
        case .follow(let leader, let term):
            work.add { [self] done in
                delegate.follow(leader, term)
                done()
            }
        case .allowSnapshot(let link): streams.withLock { $0.byLink[link] }?.allowSnapshot()
        case .tellFollowers(let record):
            for (_, stream) in streams.withLock({ $0.byLink.sorted { $0.key < $1.key } }) { stream.tell(record) }
        case .sayLeaving: delegate.sayLeaving()
        case .note(let gravity, let text):
            logger.log(level: gravity == .loss ? .warning : .info, "leadership", metadata: ["what": "\(text)"])
            delegate.note(gravity, text)
        case .switchoverEnded(let failure): waiters.withLock { $0.endSwitchover(failure) }
        case .stopped: waiters.withLock { $0.onStopped }?()
        }
    }

    /// A planned change of leader, to the member at that address; nil: to the one that is furthest.
    /// - Returns: why there was none, in words; nil when another leads now.
    func switchOver(to target: String?) async -> String? {
        await withCheckedContinuation { continuation in switchOver(to: target) { continuation.resume(returning: $0) } }
    }

    /// The same; the answer comes from any thread.
    package func switchOver(to target: String?, then answer: @escaping @Sendable (String?) -> Void) {
        // In turn with the machine's answers, which come in the order of the questions.
        let isAsked = ask { [self] _, _ in
            waiters.withLock { $0.switchovers.append(answer) }
            handle(.switchover(to: target))
        }
        if !isAsked { answer("the node is being stopped") }
    }

    // MARK: Followers' streams

    package func attach(_ stream: any FollowerStream, member: Member, term: UInt64) -> UInt64 {
        let link = streams.withLock { state in
            defer { state.next += 1 }
            state.byLink[state.next] = stream
            return state.next
        }
        handle(.followerAttached(link: link, member: member, term: term))
        return link
    }
}

/// Something that is done once, whoever asks first.
private final class Once: Sendable {
    private let body: Mutex<(@Sendable () -> Void)?>

    init(_ body: @escaping @Sendable () -> Void) { self.body = Mutex(body) }

    func run() {
        let body = body.withLock { body in
            defer { body = nil }
            return body
        }
        body?()
    }
}
