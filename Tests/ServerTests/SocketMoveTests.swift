import Glibc
import Model
import NIOCore
import NIOPosix
import Server
import Synchronization
import TestSupport
import Testing

/// A connection goes on at another event loop.
@Suite(.serialized) struct SocketMoveTests {
    /// Collects bytes until the line `move`, then moves the connection with what comes after it.
    private final class Before: ChannelInboundHandler, @unchecked Sendable {
        // Sendable: confined to its channel's loop.
        typealias InboundIn = ByteBuffer
        private let target: any EventLoop
        private let makeAfter: @Sendable () -> After
        private var input = ByteBuffer()
        private var isMoving = false

        init(target: any EventLoop, _ makeAfter: @escaping @Sendable () -> After) {
            self.target = target
            self.makeAfter = makeAfter
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            input.writeBuffer(&bytes)
            guard !isMoving, let end = input.readableBytesView.firstIndex(of: 10) else { return }
            isMoving = true
            input.moveReaderIndex(to: end + 1)
            context.channel.writeAndFlush(ByteBuffer(string: "+OK\r\n"), promise: nil)
            let makeAfter = makeAfter
            _ = SocketMove.move(context.channel, to: target, leftover: { self.input }) {
                try $0.pipeline.syncOperations.addHandler(makeAfter())
            }
        }
    }

    /// Echoes everything.
    private final class After: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let isAtHome: @Sendable () -> Void

        init(_ isAtHome: @escaping @Sendable () -> Void) { self.isAtHome = isAtHome }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            isAtHome()
            context.writeAndFlush(data, promise: nil)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
        }
    }

    private func serve(
        _ body: (NodeAddress, _ reads: () -> (here: Int, elsewhere: Int)) throws -> Void
    ) async throws {
        let accepting = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let streaming = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let target = streaming.next()
        let reads = Mutex((here: 0, elsewhere: 0))
        let address = ServerFixture.freshAddress()
        let count: @Sendable () -> Void = {
            reads.withLock { if target.inEventLoop { $0.here += 1 } else { $0.elsewhere += 1 } }
        }
        let server = try await ServerBootstrap(group: accepting)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Before(target: target) { After(count) })
                }
            }
            .bind(host: address.host, port: Int(address.port)).get()
        let result = Result { try body(address) { reads.withLock { $0 } } }
        try await server.close()
        try await accepting.shutdownGracefully()
        try await streaming.shutdownGracefully()
        try result.get()
    }

    /// Bytes before the move, in the middle of it and after it: all of them, in order, on the other loop.
    @Test func allBytesComeInOrder() async throws {
        try await serve { address, reads in
            for round in 0..<50 {
                let connection = try RawConnection(to: address)
                let text = (0..<2_000).map { "\(round) \($0)\n" }.joined()
                let cut = text.index(text.startIndex, offsetBy: round * 100)
                connection.send("move\n" + text[..<cut])
                if round % 2 == 0 { #expect(try connection.receiveText(5) == "+OK\r\n") }
                connection.send(String(text[cut...]))
                if round % 2 == 1 { #expect(try connection.receiveText(5) == "+OK\r\n") }
                connection.endSending()
                #expect(try connection.receiveAllText() == text)
            }
            #expect(reads().here > 50 && reads().elsewhere == 0)
        }
    }

    /// Whoever leaves in the middle of a move leaves no descriptor behind.
    @Test func aMovedConnectionEndsOnce() async throws {
        try await serve { address, _ in
            for round in 0..<50 {
                let connection = try RawConnection(to: address)
                connection.send("move\n")
                if round % 2 == 0 { #expect(try connection.receiveText(5) == "+OK\r\n") }
            }
            let deadline = ContinuousClock.now + .seconds(20)
            while ServedDescriptors.count(of: address) > 0, ContinuousClock.now < deadline { sched_yield() }
            #expect(ServedDescriptors.count(of: address) == 0)
        }
    }
}
