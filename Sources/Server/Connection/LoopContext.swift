import Logging
import Model
import NIOCore
import NIOPosix
import Storage

/// One event loop's share of one node: its port to the store, the connections that wait for a commit, its counters.
final class LoopContext: @unchecked Sendable {
    // Sendable: confined to `eventLoop`; other threads only hand closures to that loop.

    /// A client that follows redirects is elsewhere after this, on a busy machine too; from then on no command is expected.
    private static let quietNanoseconds: UInt64 = 200_000_000
    /// Who connects has something to ask; on a busy machine it comes this late, in nanoseconds.
    private static let firstRequestPatience: UInt64 = 1_000_000_000
    /// How often it is looked whether replies are still due.
    private static let repliesPace: UInt64 = 20_000_000

    let eventLoop: any EventLoop
    let threadPool: NIOThreadPool
    /// Where reads of the engine wait for a disk.
    let enginePool: NIOThreadPool
    let metrics: NodeMetrics
    let logger: Logger
    unowned let control: any NodeControl
    private(set) var state: ServingState
    private(set) var port: StorePort?
    private var waiting: [ConnectionHandler] = []
    private var isCommitScheduled = false
    private var isTakingSignals = false
    var tally = OperationTally()
    /// All loops of the node, this one included; set once, before the first connection.
    var siblings: [LoopContext] = []
    /// Hosts that may be named in a request's Host or Origin.
    var origins: OriginCheck
    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    /// Where connections of peers go on, on another loop; shared by the node's loops.
    let streams: StreamHost
    let counters = LoopCounters()
    /// When a client or a client's bytes came last, on the monotonic clock in nanoseconds.
    var lastInputAt: UInt64 = 0
    /// The node stops: an HTTP connection ends with its next response.
    var isEnding = false
    let heat = SlotHeat()
    /// Of commands on many keys and of large replies.
    let steps: LoopSteps
    /// Large replies about the cluster, shared by the node's loops.
    let topology: TopologyCache
    /// Whose turn it is to be read from; shared by the node's loops.
    let turns: ReplicaTurns
    /// For lines of other protocols; shared by the node's loops.
    private let otherProtocolPace: LogPace
    /// For clients; shared by the nodes of the process.
    let room: ConnectionRoom
    private let roomPace: LogPace

    init(
        eventLoop: any EventLoop,
        threadPool: NIOThreadPool,
        enginePool: NIOThreadPool,
        metrics: NodeMetrics,
        control: any NodeControl,
        state: ServingState,
        streams: StreamHost,
        origins: OriginCheck,
        topology: TopologyCache,
        turns: ReplicaTurns,
        otherProtocolPace: LogPace,
        room: ConnectionRoom,
        roomPace: LogPace,
        logger: Logger
    ) {
        self.room = room
        self.roomPace = roomPace
        self.logger = logger
        self.eventLoop = eventLoop
        steps = LoopSteps(eventLoop: eventLoop)
        self.threadPool = threadPool
        self.enginePool = enginePool
        self.metrics = metrics
        self.control = control
        self.state = state
        self.streams = streams
        self.origins = origins
        self.topology = topology
        self.turns = turns
        self.otherProtocolPace = otherProtocolPace
        metrics.add(counters)
    }

    /// Serves from `next` from now on. On the loop.
    func serve(_ next: ServingState) {
        let previous = state
        if previous.store !== next.store {
            if let port, let store = previous.store { store.removePort(port) }
            port = nil
            let abandoned = waiting
            waiting = []
            for connection in abandoned { connection.abandonHeldReplies() }
            port = next.store?.makePort { [weak self] port in self?.receive(from: port) }
        }
        state = next
        // Parked commands are judged anew by the role the node has now.
        if previous.store === next.store { handle(.room) }
    }

    /// At the end of this tick, when all sockets that were ready have been read, everything queued is committed once.
    @inline(__always)
    func scheduleCommit() {
        if isCommitScheduled { return }
        isCommitScheduled = true
        eventLoop.execute {
            self.isCommitScheduled = false
            self.state.store?.commit()
        }
    }

    func add(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = connection
        lastInputAt = Clock.monotonicNanoseconds()
        counters.connectionsReceived.add(1)
    }

    func remove(_ connection: ConnectionHandler) {
        if connections.removeValue(forKey: ObjectIdentifier(connection)) != nil { counters.connectionsLeft.add(1) }
        waiting.removeAll { $0 === connection }
    }

    /// When clients expect nothing more of this node, if nothing comes until then; on the monotonic clock. On the loop.
    func quietAt() -> UInt64 {
        let now = Clock.monotonicNanoseconds()
        let isExpected = connections.values.contains { connection in
            connection.wireProtocol == .undecided
                ? now < connection.beganAt + LoopContext.firstRequestPatience : connection.hasRepliesDue
        }
        return isExpected ? now + LoopContext.repliesPace : lastInputAt + LoopContext.quietNanoseconds
    }

    /// The server is going away.
    func closeConnections() {
        siblings = []
        for connection in Array(connections.values) { connection.context?.close(promise: nil) }
    }

    /// Once per second: hands the counters on.
    func tick() { handOnTally() }

    func handOnTally() {
        metrics.merge(tally)
        tally.reset()
    }

    /// What the client sent is not logged: whoever wrote it would choose what stands in the log.
    func noteOtherProtocol(from remoteAddress: String) {
        guard otherProtocolPace.isDue(now: Clock.monotonicNanoseconds()) else { return }
        logger.warning(
            """
            possible attack: a client sent a line of another protocol, as a web page can make a browser do; \
            its connection was closed and the line was not executed (logged once a minute)
            """,
            metadata: ["client": "\(remoteAddress)"]
        )
    }

    /// A client found all places taken.
    func noteRefusal(of remoteAddress: String) {
        counters.connectionsRefused.add(1)
        guard roomPace.isDue(now: Clock.monotonicNanoseconds()) else { return }
        logger.warning(
            """
            too many connections: further clients are refused; raise the limit of open files or have fewer (logged once a \
            minute)
            """,
            metadata: ["client": "\(remoteAddress)", "max": "\(room.clientsMax)"]
        )
    }

    func wait(_ connection: ConnectionHandler) { waiting.append(connection) }

    private func receive(from port: StorePort) {
        if eventLoop.inEventLoop { takeSignals(of: port) } else { eventLoop.execute { self.takeSignals(of: port) } }
    }

    /// One after the other, in the order in which the store has decided. What a port was told that is no longer this
    /// loop's is of batches that nobody here waits for.
    private func takeSignals(of port: StorePort) {
        // Woken by what a signal has led to: it is taken after that one.
        if isTakingSignals { return }
        isTakingSignals = true
        defer { isTakingSignals = false }
        while port === self.port, let signal = port.nextSignal() { handle(signal) }
    }

    private func handle(_ signal: StoreSignal) {
        if case .commitNeeded = signal { return scheduleCommit() }
        let connections = waiting
        waiting.removeAll(keepingCapacity: true)
        for connection in connections where connection.handle(signal) { waiting.append(connection) }
    }
}
