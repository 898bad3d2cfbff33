import Glibc
import Logging
import Model
import NIOCore
import NIOPosix
import Synchronization

/// One node's address: RESP, HTTP and peer streams on the same port (docs/architecture.md).
package final class NodeServer: Sendable {
    /// Connections waiting to be accepted; more are refused by the system.
    private static let backlog: Int32 = 1024
    /// Commands of one connection read at a time, in bytes.
    private static let receiveBytesMax = 256 << 10
    /// Clients that speak another protocol are logged once in this time.
    private static let otherProtocolLogSeconds: UInt64 = 60

    private let channel: any Channel
    private let loops: [LoopContext]
    /// To followers, and to targets of moves.
    package let streams: StreamHost
    private let metrics: NodeMetrics
    private let logger: Logger

    private init(
        channel: any Channel,
        loops: [LoopContext],
        streams: StreamHost,
        metrics: NodeMetrics,
        logger: Logger
    ) {
        self.channel = channel
        self.loops = loops
        self.streams = streams
        self.metrics = metrics
        self.logger = logger
    }

    /// One that sends on and on must not keep a node from stopping.
    private static let drainNanosecondsMax: UInt64 = 2_000_000_000

    /// Reads of engines that wait for a disk, of all nodes of the process; it lives as long as that. Disks answer several
    /// requests at a time.
    private static let enginePool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        return pool
    }()

    /// Binds the address and answers from `state`, once `accept` is called, until `serve` is called with another.
    /// - Parameters:
    ///   - listen: where to bind, if that differs from the address others use.
    ///   - group: loops for clients.
    ///   - replication: a loop for streams to other nodes, which begin as connections here.
    ///   - room: how many connections are served.
    package static func bind(
        listen: NodeAddress,
        group: any EventLoopGroup,
        replication: any EventLoop,
        control: any NodeControl,
        state: ServingState,
        metrics: NodeMetrics,
        room: ConnectionRoom = .shared,
        logger: Logger
    ) async throws(ServerError) -> NodeServer {
        let origins = OriginCheck(allowed: [state.address.description, listen.description])
        let topology = TopologyCache()
        let turns = ReplicaTurns()
        let streams = StreamHost(eventLoop: replication, threadPool: .singleton, logger: logger)
        let otherProtocolPace = LogPace(intervalSeconds: otherProtocolLogSeconds)
        let roomPace = LogPace(intervalSeconds: otherProtocolLogSeconds)
        let loops = group.makeIterator().map {
            LoopContext(
                eventLoop: $0,
                threadPool: .singleton,
                enginePool: NodeServer.enginePool,
                metrics: metrics,
                control: control,
                state: state,
                streams: streams,
                origins: origins,
                topology: topology,
                turns: turns,
                otherProtocolPace: otherProtocolPace,
                room: room,
                roomPace: roomPace,
                logger: logger
            )
        }
        for loop in loops { loop.siblings = loops }
        let byLoop = Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
        let connectionIdentifiers = ConnectionIdentifiers()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(logger: logger))
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: receiveBytesMax)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let loop = byLoop[ObjectIdentifier(channel.eventLoop)] else { return }
                    let remote = channel.remoteAddress.map { "\($0.ipAddress ?? "?"):\($0.port ?? 0)" } ?? "?"
                    let handler = ConnectionHandler(
                        loop: loop,
                        remoteAddress: remote,
                        identifier: connectionIdentifiers.next()
                    )
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        do {
            let channel = try await bootstrap.bind(host: listen.host, port: Int(listen.port)).get()
            let server = NodeServer(
                channel: channel,
                loops: loops,
                streams: streams,
                metrics: metrics,
                logger: logger
            )
            server.startTicking()
            logger.info("listening", metadata: ["address": "\(listen)"])
            return server
        } catch {
            for loop in loops { loop.siblings = [] }
            throw describe(error, listen)
        }
    }

    private static func describe(_ error: any Error, _ address: NodeAddress) -> ServerError {
        if let error = error as? IOError, error.errnoCode == EADDRINUSE {
            return ServerError(
                .addressInUse,
                "\(address) is in use: another process listens there; stop it or change the address in config.yaml"
            )
        }
        let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        return ServerError(.addressRefused, "can't listen on \(address): \(reason); is it an address of this machine?")
    }

    /// Serves from `state` on every loop; returns when all loops have stopped using the previous one, and all streams of
    /// another leadership have ended. Blocks; not for event loops.
    package func serve(_ state: ServingState) throws {
        // First: what a loop judges by the new state is served there already, and what one still judges by the old state is
        // turned away there.
        try streams.serve(state.streamed).wait()
        for loop in loops {
            try loop.eventLoop.submit { loop.serve(state) }.wait()
        }
    }

    /// Takes connections from now on; those that came before wait in the system's queue until then.
    package func accept() async {
        // An error here means that the channel is closed already.
        try? await channel.setOption(.autoRead, value: true).get()
    }

    /// Stops listening. Connections are served on, also those that nobody had accepted yet, but HTTP ones end with their
    /// next response.
    package func stopListening() async {
        await accept()
        do {
            try await AcceptQueue(channel)?.empty()
        } catch {
            // Some of those who have just connected are reset then, as by any server that ends.
            logger.debug("connections may be reset at the end", metadata: ["reason": "\(error)"])
        }
        // Errors here mean that the channel is closed already, or that a loop is gone and its connections with it.
        try? await channel.close().get()
        for loop in loops { try? await loop.eventLoop.submit { loop.isEnding = true }.get() }
    }

    /// Stops listening, answers what has come and still comes until nothing does (2 s at most), and closes all connections.
    package func close() async {
        await stopListening()
        await drain()
        for loop in loops {
            try? await loop.eventLoop.submit { loop.closeConnections() }.get()
        }
        await streams.close()
    }

    /// A connection that is closed with a command under way leaves its client without an answer.
    private func drain() async {
        let began = Clock.monotonicNanoseconds()
        while true {
            var quietAt: UInt64 = 0
            for loop in loops {
                // An error here means that the loop is gone, and its connections with it.
                quietAt = max(quietAt, (try? await loop.eventLoop.submit { loop.quietAt() }.get()) ?? 0)
            }
            let now = Clock.monotonicNanoseconds()
            let end = min(quietAt, began + NodeServer.drainNanosecondsMax)
            guard now < end, let loop = loops.first?.eventLoop else { return }
            try? await loop.scheduleTask(in: .nanoseconds(Int64(end - now))) {}.futureResult.get()
        }
    }

    /// Has every loop hand its counts on, sooner than it would by itself. Returns at once.
    package func handOnTallies() {
        for loop in loops { loop.eventLoop.execute { loop.handOnTally() } }
    }

    private func startTicking() {
        for loop in loops {
            let task = loop.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
                loop.tick()
            }
            channel.closeFuture.whenComplete { _ in task.cancel() }
        }
    }
}

/// Numbers connections across loops, for CLIENT ID.
private final class ConnectionIdentifiers: Sendable {
    private let counter = Atomic<Int>(1)

    func next() -> Int { counter.wrappingAdd(1, ordering: .relaxed).oldValue }
}
