import NIOCore
import Resharding

/// A target's connection on the source's replication loop: known to its host as long as it is open, since it ends when the shard does.
final class MigrationStreamHandler: ChannelInboundHandler, @unchecked Sendable {
    // Sendable: confined to the channel's event loop.
    typealias InboundIn = ByteBuffer

    private let stream: MigrationStreamEnd
    private let socket: SocketLink
    private let host: StreamHost

    init(resharding: any ShardResharding, host: StreamHost, hello: MigrationHello) {
        self.host = host
        stream = MigrationStreamEnd(
            resharding: resharding,
            hello: hello,
            eventLoop: host.eventLoop,
            logger: host.logger
        )
        socket = SocketLink(stream)
    }

    /// Starts the stream; the `+OK` is on its way.
    func handlerAdded(context: ChannelHandlerContext) {
        host.add(self)
        socket.handlerAdded(context: context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        host.remove(self)
        socket.handlerRemoved(context: context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        host.remove(self)
        socket.channelInactive(context: context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        socket.errorCaught(context: context, error: error)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { socket.receive(unwrapInboundIn(data)) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        socket.channelWritabilityChanged(context: context)
    }

    /// The node stops, or is no longer the leader.
    func end() {
        host.remove(self)
        stream.close()
    }
}
