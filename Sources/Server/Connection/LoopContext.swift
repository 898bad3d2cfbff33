import Logging
import NIOCore
import NIOPosix
import Storage

/// One event loop's share of one node: its port to the store, the connections that wait for a commit, its counters.
final class LoopContext: @unchecked Sendable {
    // Sendable: confined to `eventLoop`; other threads only hand closures to that loop.
    let eventLoop: any EventLoop
    let threadPool: NIOThreadPool
    let metrics: NodeMetrics
    let logger: Logger
    unowned let control: any NodeControl
    private(set) var state: ServingState
    private(set) var port: StorePort?
    private var waiting: [ConnectionHandler] = []
    private var isCommitScheduled = false
    var tally = OperationTally()
    /// Hosts that may be named in a request's Host or Origin.
    var origins: OriginCheck
    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var peers: [ObjectIdentifier: PeerStreamHandler] = [:]
    var connectionCount: Int { connections.count }
    var commandCount: UInt64 = 0

    init(
        eventLoop: any EventLoop,
        threadPool: NIOThreadPool,
        metrics: NodeMetrics,
        control: any NodeControl,
        state: ServingState,
        origins: OriginCheck,
        logger: Logger
    ) {
        self.logger = logger
        self.eventLoop = eventLoop
        self.threadPool = threadPool
        self.metrics = metrics
        self.control = control
        self.state = state
        self.origins = origins
    }

    /// Serves from `next` from now on. On the loop.
    func serve(_ next: ServingState) throws(StorageError) {
        let previous = state
        if previous.store !== next.store {
            if let port, let store = previous.store { store.removePort(port) }
            port = nil
            let abandoned = waiting
            waiting = []
            for connection in abandoned { connection.abandonHeldReplies() }
            for peer in Array(peers.values) { peer.end() }
            port = try next.store?.makePort { [weak self] signal in self?.receive(signal) }
        }
        // Followers of a leader that is none any more find the next one.
        if previous.isLeader, !next.isLeader { for peer in Array(peers.values) { peer.end() } }
        state = next
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

    /// Streams to followers read the store's log: they end with it.
    func add(_ peer: PeerStreamHandler) { peers[ObjectIdentifier(peer)] = peer }

    func remove(_ peer: PeerStreamHandler) { peers[ObjectIdentifier(peer)] = nil }

    func add(_ connection: ConnectionHandler) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = nil
        waiting.removeAll { $0 === connection }
    }

    /// The server is going away.
    func closeConnections() {
        for connection in Array(connections.values) { connection.context?.close(promise: nil) }
        for peer in Array(peers.values) { peer.end() }
    }

    /// Once per second: hands the counters on and moves an idle loop's view forward, because a view that stays keeps
    /// the engine from reusing pages.
    func tick() {
        metrics.merge(tally, from: self)
        tally.reset()
        if let port, let store = state.store { store.renew(port) }
    }

    func wait(_ connection: ConnectionHandler) { waiting.append(connection) }

    private func receive(_ signal: StoreSignal) {
        if eventLoop.inEventLoop { handle(signal) } else { eventLoop.execute { self.handle(signal) } }
    }

    private func handle(_ signal: StoreSignal) {
        if case .commitNeeded = signal { return scheduleCommit() }
        let connections = waiting
        waiting.removeAll(keepingCapacity: true)
        for connection in connections where connection.handle(signal) { waiting.append(connection) }
    }
}
