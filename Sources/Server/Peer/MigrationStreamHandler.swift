import Logging
import NIOCore
import Replication
import Resharding

/// The source's end of a target's connection: frames in, frames out. What they mean is decided elsewhere
/// (`ShardResharding`).
final class MigrationStreamHandler: ChannelInboundHandler, MigrationStream, @unchecked Sendable {
    // Sendable: everything mutable is confined to the channel's event loop; `send` and `close` hop to it.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let resharding: any ShardResharding
    private let loop: LoopContext
    private let hello: MigrationHello
    private var parser = MigrationFrameParser(sender: .target)
    private var context: ChannelHandlerContext?
    private var link: UInt64?

    init(resharding: any ShardResharding, loop: LoopContext, hello: MigrationHello) {
        self.resharding = resharding
        self.loop = loop
        self.hello = hello
    }

    /// Starts the stream; the `+OK` is on its way.
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        link = resharding.attach(self, hello)
        if link == nil { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { cleanUp() }

    func channelInactive(context: ChannelHandlerContext) {
        cleanUp()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

    func receive(_ buffer: ByteBuffer) {
        guard let link else { return }
        buffer.withUnsafeReadableBytes { parser.append($0) }
        do throws(ReshardError) {
            while let frame = try parser.next() { resharding.receive(.frame(frame), link: link) }
        } catch {
            loop.logger.warning("a target sent junk", metadata: ["shard": "\(hello.shard)", "reason": "\(error)"])
            context?.close(promise: nil)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if let link { resharding.receive(.writabilityChanged(context.channel.isWritable), link: link) }
    }

    func send(_ frame: MigrationFrame) {
        let buffer = MigrationConnection.encode(frame)
        loop.eventLoop.execute { self.context?.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil) }
    }

    func close(because reason: String) {
        loop.eventLoop.execute { self.context?.close(promise: nil) }
    }

    /// The node stops, or is no longer the leader.
    func end() {
        context?.close(promise: nil)
        cleanUp()
    }

    private func cleanUp() {
        context = nil
        loop.remove(self)
        if let link { resharding.receive(.closed, link: link) }
        link = nil
    }
}
