import NIOCore
import Resharding

/// A target's connection on the source's event loop: known there as long as it is open, since it ends when the shard does.
final class MigrationStreamHandler: ChannelInboundHandler, @unchecked Sendable {
    // Sendable: confined to the channel's event loop.
    typealias InboundIn = ByteBuffer

    private let stream: MigrationStreamEnd
    private let socket: SocketLink
    private let loop: LoopContext

    init(resharding: any ShardResharding, loop: LoopContext, hello: MigrationHello) {
        self.loop = loop
        stream = MigrationStreamEnd(
            resharding: resharding,
            hello: hello,
            eventLoop: loop.eventLoop,
            logger: loop.logger
        )
        socket = SocketLink(stream)
    }

    /// Starts the stream; the `+OK` is on its way.
    func handlerAdded(context: ChannelHandlerContext) {
        loop.add(self)
        socket.handlerAdded(context: context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.remove(self)
        socket.handlerRemoved(context: context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.remove(self)
        socket.channelInactive(context: context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        socket.errorCaught(context: context, error: error)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

    func receive(_ buffer: ByteBuffer) { socket.receive(buffer) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        socket.channelWritabilityChanged(context: context)
    }

    /// The node stops, or is no longer the leader.
    func end() {
        loop.remove(self)
        stream.close()
    }
}
