import Model
import NIOCore

/// Connections to other nodes over TCP.
package struct SocketLinkConnector: LinkConnector {
    private let group: any EventLoopGroup

    /// - Parameter group: the loops that connections are divided among.
    package init(_ group: any EventLoopGroup) { self.group = group }

    package func nextLoop() -> any EventLoop { group.next() }

    package func connect(to address: NodeAddress, on eventLoop: any EventLoop, _ end: any LinkEnd) {
        let channel = SocketConnector().connect(to: address, on: eventLoop) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(SocketLink(end))
            }
        }
        channel.whenComplete { result in
            do {
                try result.get().pipeline.syncOperations.handler(type: SocketLink.self).begin()
            } catch {
                end.ended("\(address) can't be reached: \(ConnectFailure.reason(error))")
            }
        }
    }
}

/// A socket as a `ByteLink`: the last handler of its channel. Confined to the channel's event loop.
final class SocketLink: ChannelInboundHandler, ByteLink {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let end: any LinkEnd
    private var context: ChannelHandlerContext?
    private var isOpen = false

    init(_ end: any LinkEnd) { self.end = end }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Where a connection changes its protocol, it is open already.
        if context.channel.isActive { open() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { finish("the connection is used for something else") }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

    /// Bytes that were read before this handler was there.
    func receive(_ bytes: ByteBuffer) { if isOpen { end.received(bytes) } }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if isOpen { end.writabilityChanged(context.channel.isWritable) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(SocketLink.closedReason)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish("the connection broke: \(ConnectFailure.reason(error))")
        context.close(promise: nil)
    }

    func send(_ bytes: ByteBuffer) { context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }

    func close() {
        let context = self.context
        finish("it was closed here")
        context?.close(promise: nil)
    }

    /// A connection that was asked for is made; by now it may have ended again.
    func begin() { if context == nil { end.ended(SocketLink.closedReason) } else { open() } }

    private static let closedReason = "the other side closed the connection"

    private func open() {
        guard !isOpen else { return }
        isOpen = true
        end.opened(self)
    }

    private func finish(_ reason: String) {
        context = nil
        guard isOpen else { return }
        isOpen = false
        end.ended(reason)
    }
}
