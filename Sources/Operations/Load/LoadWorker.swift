import Glibc
import Model
import NIOCore
import NIOPosix
import Server

/// One event loop's share of the load: its connections, what they still have to send, what they have counted.
/// Confined to its event loop.
final class LoadWorker {
    /// What the connections send.
    enum Work {
        case writes, reads
        /// Of 100, so many writes.
        case mixed(writePercent: Int)
    }

    /// A slot map that keeps changing under the load must not keep it from ending.
    private static let redirectsMax = 100_000

    /// Demonstration traffic: looks continuous in a graph and costs nothing.
    private static let demoTicksPerSecond = 25
    /// A measured load at a pace: pauses are told to the millisecond.
    private static let benchTicksPerSecond = 1000
    /// Ticks whose operations may be sent at once: a busy machine wakes the loop late.
    private static let catchUpTicks = 20

    let loop: any EventLoop
    let options: LoadOptions
    let value: [UInt8]
    var keys: LoadKeys
    private(set) var topology: LoadTopology
    private(set) var work = Work.reads
    private(set) var isStopped = false
    /// True for load without an end: nodes may go and come back.
    private(set) var isPatient = false
    var tally = LoadTally()

    private var remaining = 0
    private var inFlight = 0
    /// Operations that may be sent in this tick; nil without a pace.
    private var tokens: Int?
    /// What was left of a tick's share when it was divided, in operations times nanoseconds.
    private var carried: UInt64 = 0
    private var tickedAt: UInt64?
    private var connections: [LoadConnection] = []
    /// The slot map is being asked for; completes when that is over.
    private var looking: EventLoopFuture<Void>?
    private var parked: [LoadConnection] = []
    private var done: EventLoopPromise<LoadTally>?
    private var pacing: RepeatedTask?

    init(loop: any EventLoop, options: LoadOptions, topology: LoadTopology, seed: UInt64) {
        self.loop = loop
        self.options = options
        self.topology = topology
        keys = LoadKeys(space: options.keySpace, seed: seed)
        // Not compressible, as values of the kind people store seldom are all the same byte.
        var source = LoadKeys(space: 1, seed: seed)
        value = (0..<options.valueSize).map { _ in UInt8(33 + source.random() % 94) }
    }

    /// Opens `count` connections, dealt out over the leaders; succeeds when all are open.
    func connect(count: Int, firstLeader: Int) -> EventLoopFuture<Void> {
        let opened = (0..<count).map { connection(to: (firstLeader + $0) % topology.leaders.count).open() }
        return EventLoopFuture.andAllSucceed(opened, on: loop)
    }

    /// Sends `count` operations; the tally comes when all are answered or lost.
    func run(_ work: Work, count: Int) -> EventLoopFuture<LoadTally> {
        let promise = loop.makePromise(of: LoadTally.self)
        self.work = work
        tally = LoadTally()
        remaining = count
        done = promise
        finishIfDone()
        wake()
        return promise.futureResult
    }

    /// The same at a pace, which is kept from here on.
    func run(_ work: Work, count: Int, perSecond: Int) -> EventLoopFuture<LoadTally> {
        pace(perSecond, ticksPerSecond: LoadWorker.benchTicksPerSecond)
        return run(work, count: count)
    }

    /// Sends at a pace until `stop`.
    func runForever(_ work: Work, perSecond: Int) -> EventLoopFuture<LoadTally> {
        isPatient = true
        pace(perSecond, ticksPerSecond: LoadWorker.demoTicksPerSecond)
        return run(work, count: .max / 2)
    }

    private func pace(_ perSecond: Int, ticksPerSecond: Int) {
        tokens = 0
        pacing?.cancel()
        let bound = NIOLoopBound(self, eventLoop: loop)
        let delay = TimeAmount.nanoseconds(1_000_000_000 / Int64(ticksPerSecond))
        pacing = loop.scheduleRepeatedTask(initialDelay: .zero, delay: delay) { _ in
            bound.value.tick(perSecond: perSecond, ticksPerSecond: ticksPerSecond)
        }
    }

    /// Closes everything; what is in flight is forgotten.
    /// - Returns: when nothing more will use the loop: a look at the slot map goes on by itself until it is answered.
    @discardableResult func stop() -> EventLoopFuture<Void> {
        let looked = looking ?? loop.makeSucceededVoidFuture()
        guard !isStopped else { return looked }
        isStopped = true
        pacing?.cancel()
        for connection in connections { connection.close() }
        connections = []
        parked = []
        done?.succeed(tally)
        done = nil
        return looked
    }

    /// Takes up to `count` operations out of what is left to send.
    func take(_ count: Int) -> Int {
        guard !isStopped, done != nil else { return 0 }
        let taken = min(count, remaining, tokens ?? count)
        remaining -= taken
        inFlight += taken
        if let left = tokens { tokens = left - taken }
        return taken
    }

    /// Gives back what could not be sent.
    func giveBack(_ count: Int) {
        remaining += count
        inFlight -= count
        if let left = tokens { tokens = left + count }
    }

    func hasKeys(of leader: Int) -> Bool { topology.hasSlots(leader) }

    func park(_ connection: LoadConnection) { parked.append(connection) }

    /// `count` operations have come to their end, one way or the other.
    func settled(_ count: Int) {
        inFlight -= count
        finishIfDone()
    }

    /// The operation on key `number` belongs to another leader: it is sent again by one of that leader's connections.
    /// - Returns: false when it is counted as failed instead: there were too many, or the target makes no sense.
    func sendsAgain(key number: Int, from asked: Int, to address: NodeAddress) -> Bool {
        tally.redirects += 1
        let before = topology.leaders.count
        guard tally.redirects <= Self.redirectsMax,
            let leader = topology.learn(slot: keys.slot(of: number), owner: address)
        else {
            tally.fail("MOVED")
            return false
        }
        remaining += 1
        if leader >= before {
            // The load moves to the new leader as a whole.
            let share = connections.count { $0.leader == asked }
            for _ in 0..<max(share, 1) { connection(to: leader).openOrRetry() }
        } else {
            wake()
        }
        lookAgain(at: address)
        return true
    }

    /// Asks for the whole slot map, as cluster clients do after a redirect: else every slot would cost one.
    private func lookAgain(at address: NodeAddress) {
        guard looking == nil, !isStopped else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let group: any EventLoopGroup = loop
        let answer = loop.makeFutureWithTask { try await LoadTopology.discover(target: address, group: group) }
        looking = answer.map { _ in }.recover { _ in }
        answer.assumeIsolated()
            .whenComplete { result in
                let worker = bound.value
                worker.looking = nil
                guard !worker.isStopped else { return }
                // Redirects go on telling, slot by slot, when the node can't be asked.
                guard case .success(let newer) = result else { return }
                let known = worker.topology.leaders.count
                worker.topology.adopt(newer)
                for leader in known..<max(known, worker.topology.leaders.count) {
                    worker.connection(to: leader).openOrRetry()
                }
                worker.wake()
            }
    }

    /// A connection is lost for good: without its leader the load can't be what was asked for.
    func gaveUp(_ error: ClientError) {
        done?.fail(error)
        done = nil
    }

    private func connection(to leader: Int) -> LoadConnection {
        let connection = LoadConnection(worker: self, leader: leader, address: topology.leaders[leader])
        connections.append(connection)
        return connection
    }

    /// What the time since the last tick is worth; a late tick is made up for.
    private func tick(perSecond: Int, ticksPerSecond: Int) {
        let now = LoadWorker.clock()
        let shareMax = UInt64(LoadWorker.catchUpTicks) * 1_000_000_000 / UInt64(ticksPerSecond)
        let passed = min(now - (tickedAt ?? now), shareMax)
        tickedAt = now
        // In operations times nanoseconds: nothing is lost by rounding.
        carried += UInt64(perSecond) * passed
        let share = Int(carried / 1_000_000_000)
        carried %= 1_000_000_000
        // A stalled cluster must not be hit by all that was held back meanwhile.
        tokens = min((tokens ?? 0) + share, max(perSecond * LoadWorker.catchUpTicks / ticksPerSecond, 1))
        wake()
    }

    /// Nanoseconds of the monotonic clock.
    static func clock() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func wake() {
        let waiting = parked
        parked = []
        for connection in waiting { connection.sendBatch() }
    }

    private func finishIfDone() {
        guard remaining == 0, inFlight == 0, let promise = done else { return }
        done = nil
        promise.succeed(tally)
    }
}
