import NIOCore
import Replication
import Server

/// What accepts a follower's connection, as `ConnectionHandler` does in a node: reads its hello, and makes way for a stream.
final class SimulatedListener: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private unowned let process: SimulatedProcess
    private var input = ByteBuffer()
    private var parser = RESPRequestParser()
    private var arguments = ArgumentList()
    private var hello: PeerHello?
    private var context: ChannelHandlerContext?

    /// A follower of a leader whose term is just about to begin waits so long, in microseconds, and is judged anew.
    private static let pause: UInt64 = 5_000

    init(process: SimulatedProcess) { self.process = process }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        input.writeBuffer(&bytes)
        guard hello == nil else { return }
        guard let words = readCommand() else { return }
        do throws(ReplicationError) {
            hello = try PeerHello(arguments: Array(words.dropFirst()))
        } catch {
            return refuse("\(error)")
        }
        begin()
    }

    /// - Returns: the words of the command, once it is there whole.
    private func readCommand() -> [[UInt8]]? {
        let words = input.withUnsafeReadableBytes { bytes -> (words: [[UInt8]], end: Int)? in
            guard case .complete(let end) = parser.parse(bytes, from: 0, into: &arguments) else { return nil }
            return ((0..<arguments.count).map { Array(arguments.bytes($0, in: bytes)) }, end)
        }
        guard let words else { return nil }
        input.moveReaderIndex(forwardBy: words.end)
        return words.words
    }

    private func begin() {
        guard let context, let hello, context.channel.isActive else { return }
        guard process.store.role.leads, !process.isClosing else {
            guard process.isAboutToLead else { return refuse("this node is not the leader") }
            return process.loop.after(SimulatedListener.pause) { [weak self] in self?.begin() }
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "+OK\r\n")), promise: nil)
        let stream = PeerStreamHandler(
            store: process.store,
            host: process.host,
            hello: hello,
            identity: .init(
                cluster: "c",
                shard: "s\(process.node.shard)",
                term: process.store.term,
                engine: "simulated"
            ),
            environment: process.environment
        )
        let rest = input
        do {
            try context.pipeline.syncOperations.addHandler(stream)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            if rest.readableBytes > 0 { stream.receive(rest) }
        } catch {
            context.close(promise: nil)
        }
    }

    private func refuse(_ reason: String) {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "-ERR \(reason)\r\n")), promise: nil)
        context.close(promise: nil)
    }
}
