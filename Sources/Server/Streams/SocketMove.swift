import Glibc
import NIOCore
import NIOPosix

/// Moves a connection from the event loop that has accepted it to another one, as for a stream that must not wait for what
/// clients ask of that loop.
///
/// SwiftNIO binds a channel to its loop for good. So the socket gets a second descriptor, the channel closes its own, which
/// ends no connection as long as there is another, and a new channel of the other loop takes over. What is still in the
/// system's buffers stays there; what was read and not used is handed on as if it had just come.
package enum SocketMove {
    /// Closes `channel` and goes on with the same connection in a new channel. What has been written to the channel is sent
    /// before, so the reply that announces the move may be among it. On the channel's loop.
    /// - Parameters:
    ///   - target: a loop of SwiftNIO's own group.
    ///   - leftover: called once on the channel's loop, when that reads no more: bytes that its handlers have read and not
    ///     used.
    ///   - initialize: adds the handlers of the new channel, which is active then; on `target`. They get the leftover before
    ///     anything else.
    /// - Returns: the new channel, on `target`; an error if the connection has ended meanwhile, which is closed then.
    package static func move(
        _ channel: any Channel,
        to target: any EventLoop,
        leftover: @escaping () -> ByteBuffer,
        initialize: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let moved = target.makePromise(of: (any Channel).self)
        // An empty write is done when all before it are.
        let isStill = channel.setOption(.autoRead, value: false).flatMap { channel.writeAndFlush(ByteBuffer()) }
        isStill.assumeIsolated().whenComplete { result in
            if case .failure(let error) = result { return fail(channel, error, moved) }
            // Later: the channel may be in the middle of reading now, and hands on what it has read first.
            channel.eventLoop.assumeIsolated().execute {
                do {
                    let descriptor = try duplicate(channel)
                    let rest = leftover()
                    channel.close().whenComplete { _ in
                        adopt(descriptor, rest, target, initialize).cascade(to: moved)
                    }
                } catch {
                    fail(channel, error, moved)
                }
            }
        }
        return moved.futureResult
    }

    private static func fail(_ channel: any Channel, _ error: any Error, _ moved: EventLoopPromise<any Channel>) {
        channel.close(promise: nil)
        moved.fail(error)
    }

    /// A second descriptor of the channel's socket.
    private static func duplicate(_ channel: any Channel) throws -> NIOBSDSocket.Handle {
        let descriptor = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { fcntl($0, F_DUPFD_CLOEXEC, 0) }
        guard let descriptor else { throw ChannelError.operationUnsupported }
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "dup") }
        return descriptor
    }

    private static func adopt(
        _ descriptor: NIOBSDSocket.Handle,
        _ leftover: ByteBuffer,
        _ target: any EventLoop,
        _ initialize: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: target)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Arrival(leftover, initialize))
                }
            }
            .withConnectedSocket(descriptor)
    }

    /// Puts the handlers into the new channel and gives them the leftover, before anything is read: also an end that has
    /// come already, which is read whether the channel reads or not.
    private final class Arrival: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer
        private let leftover: ByteBuffer
        private let initialize: @Sendable (any Channel) throws -> Void

        init(_ leftover: ByteBuffer, _ initialize: @escaping @Sendable (any Channel) throws -> Void) {
            self.leftover = leftover
            self.initialize = initialize
        }

        func channelActive(context: ChannelHandlerContext) {
            do {
                try initialize(context.channel)
            } catch {
                context.fireErrorCaught(error)
                return context.close(promise: nil)
            }
            context.fireChannelActive()
            if leftover.readableBytes > 0 {
                context.fireChannelRead(NIOAny(leftover))
                context.fireChannelReadComplete()
            }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }
}
