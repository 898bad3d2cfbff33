import Glibc
import NIOCore
import NIOPosix
import Routing
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

    /// Looks continuous in a graph and costs nothing.
    private static let ticksPerSecond = 25

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
    /// What was left of a tick's share when it was divided, in operations times ticks.
    private var carried = 0
    private var connections: [LoadConnection] = []
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

    /// Sends at a pace until `stop`.
    func runForever(_ work: Work, perSecond: Int) -> EventLoopFuture<LoadTally> {
        isPatient = true
        tokens = 0
        let bound = NIOLoopBound(self, eventLoop: loop)
        let delay = TimeAmount.nanoseconds(1_000_000_000 / Int64(Self.ticksPerSecond))
        pacing = loop.scheduleRepeatedTask(initialDelay: .zero, delay: delay) { _ in
            bound.value.tick(perSecond: perSecond)
        }
        return run(work, count: .max / 2)
    }

    /// Closes everything; what is in flight is forgotten.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        pacing?.cancel()
        for connection in connections { connection.close() }
        connections = []
        parked = []
        done?.succeed(tally)
        done = nil
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
    }

    func park(_ connection: LoadConnection) { parked.append(connection) }

    /// `count` operations have come to their end, one way or the other.
    func settled(_ count: Int) {
        inFlight -= count
        finishIfDone()
    }

    /// The operation on key `number` belongs to another leader: it is sent again by one of that leader's connections.
    func redirected(key number: Int, to address: NodeAddress) {
        tally.redirects += 1
        let before = topology.leaders.count
        guard tally.redirects <= Self.redirectsMax,
            let leader = topology.learn(slot: keys.slot(of: number), owner: address)
        else {
            tally.completed += 1
            tally.fail("MOVED")
            return
        }
        remaining += 1
        if leader >= before {
            connection(to: leader).openOrRetry()
        } else {
            wake()
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

    private func tick(perSecond: Int) {
        carried += perSecond
        // A stalled cluster must not be hit by all that was held back meanwhile: one tick's worth is the most.
        tokens = carried / Self.ticksPerSecond
        carried %= Self.ticksPerSecond
        wake()
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
