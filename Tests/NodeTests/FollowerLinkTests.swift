import Foundation
import Glibc
import Logging
import Model
import NIOCore
import NIOPosix
import Replication
import Server
import Storage
import Synchronization
import TestSupport
import Testing

/// A replica's link on a loop of its own, with a leader that the test plays.
@Suite struct FollowerLinkTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func store(_ folder: DataFolder) throws -> ShardStore {
        var options = ShardStore.Options()
        options.durability = .os
        return try ShardStore.open(folder: folder, kind: .lmdb, options: options) { _ in }
    }

    private func link(_ store: ShardStore, to leader: NodeAddress, _ loop: any EventLoop) -> FollowerLink {
        FollowerLink(
            eventLoop: loop,
            leader: leader,
            store: store,
            identity: .init(cluster: "c", shard: "a", folder: "f", address: "127.0.0.1:1"),
            needsSnapshot: false,
            logger: logger,
            onReport: { _ in }
        )
    }

    private func with(
        _ body: (ShardStore, MultiThreadedEventLoopGroup) async throws -> Void
    ) async throws {
        let ground = try TestFolder()
        let folder = try DataFolder.open(
            path: ground.path + "/n",
            engine: .lmdb,
            cluster: "c",
            shard: "a",
            adopt: false
        )
        let store = try store(folder)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        try await body(store, group)
        store.close()
        folder.close()
        try await group.shutdownGracefully()
    }

    /// The loop is blocked: what it published before gets older all the same.
    @Test func lagGrowsWhileTheLoopIsStalled() async throws {
        try await with { store, group in
            // Nobody listens there.
            let link = link(store, to: NodeAddress(host: "127.66.23.1", port: 1), group.next())
            link.start()
            #expect(try await eventually { link.status().lag.milliseconds > 100 })
            let goesOn = Answer<Void>()
            let isBlocked = Answer<Void>()
            group.next().execute {
                isBlocked.give()
                goesOn.wait()
            }
            isBlocked.wait()
            let before = link.status().lag.milliseconds
            let grew = try await eventually { link.status().lag.milliseconds >= before + 200 }
            goesOn.give()
            #expect(grew, "the lag stood still with the loop")
            await end(link)
        }
    }

    /// The connection to a leader that was given up comes about late: acknowledgements must go on to the present one. They
    /// went to the old one, so the present leader heard nothing, and ended the link after 10 s.
    @Test func aConnectionThatComesLateTakesNothingOver() async throws {
        try await with { store, group in
            let slow = try FullListener()
            let leader = try await FakeLeader(group: Self.leaders)
            let link = link(store, to: slow.address, group.next())
            link.start()
            #expect(try await eventually { link.isConnecting })
            link.follow(leader.address, term: 1)
            #expect(try await eventually { leader.acknowledgements > 0 })
            // The system tries to connect again within a second, then two.
            slow.acceptAll()
            let went = leader.acknowledgements
            #expect(try await eventually(within: .seconds(9)) { leader.acknowledgements > went + 50 })
            #expect(link.status().lag.milliseconds == 0)
            await end(link)
            await leader.close()
            slow.close()
        }
    }

    private static let leaders = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private func end(_ link: FollowerLink) async {
        let ending = WorkQueue("test")
        await ending.run { link.stop() }
    }
}

/// A listening socket whose queue is full until `acceptAll`: who connects waits.
private final class FullListener: Sendable {
    let address: NodeAddress
    private let listener: Int32
    private let fillers: [Int32]
    private let accepting = WorkQueue("test")

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F42_1702).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var fillers: [Int32] = []
        let port = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16 in
                guard bind(listener, generic, length) == 0, listen(listener, 0) == 0,
                    getsockname(listener, generic, &length) == 0
                else { return 0 }
                // One more than the queue takes; the last ones are under way.
                for _ in 0..<3 {
                    let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(filler, generic, length)
                    fillers.append(filler)
                }
                return pointer.pointee.sin_port.bigEndian
            }
        }
        guard port != 0 else { throw TestFailure("no port: errno \(errno)") }
        self.listener = listener
        self.fillers = fillers
        address = NodeAddress(host: "127.66.23.2", port: port)
    }

    /// Takes whoever waits, and whoever comes, until `close`.
    func acceptAll() {
        accepting.add { [listener] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                // Held open, and never answered.
            }
        }
    }

    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        accepting.close()
        for filler in fillers { Glibc.close(filler) }
        Glibc.close(listener)
    }
}

/// Says yes to a follower, and then heartbeats.
private final class FakeLeader: Sendable {
    private let channel: any Channel
    private let count: Counter

    var address: NodeAddress {
        NodeAddress(host: "127.66.23.3", port: UInt16(channel.localAddress?.port ?? 0))
    }

    var acknowledgements: Int { count.value.load(ordering: .relaxed) }

    final class Counter: Sendable { let value = Atomic<Int>(0) }

    init(group: any EventLoopGroup) async throws {
        let count = Counter()
        self.count = count
        channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(count))
                }
            }
            .bind(host: "127.66.23.3", port: 0).get()
    }

    func close() async { try? await channel.close().get() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let count: Counter
        private var parser = PeerFrameParser(sender: .follower)
        private var isGreeted = false
        private var stamp: UInt64 = 0
        private var ticker: RepeatedTask?

        init(_ count: Counter) { self.count = count }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard isGreeted else {
                // The hello, in one piece on loopback.
                isGreeted = true
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "+OK\r\n")), promise: nil)
                send(.resume(after: .zero), context)
                let box = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                ticker = context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(50)) { _ in
                    let (handler, context) = box.value
                    handler.beat(context)
                }
                return
            }
            unwrapInboundIn(data).withUnsafeReadableBytes { parser.append($0) }
            while let frame = try? parser.next() {
                guard case .acknowledge(let answer) = frame else { continue }
                stamp = answer.stamp
                count.value.add(1, ordering: .relaxed)
            }
        }

        func channelInactive(context: ChannelHandlerContext) { ticker?.cancel() }

        private func beat(_ context: ChannelHandlerContext) {
            send(
                .heartbeat(.init(term: 1, lastSequence: 0, commitSequence: 0, unsentBytes: 0, echo: stamp)),
                context
            )
        }

        private func send(_ frame: PeerFrame, _ context: ChannelHandlerContext) {
            var bytes: [UInt8] = []
            frame.encode(into: &bytes)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        }
    }
}
