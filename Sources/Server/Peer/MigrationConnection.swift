import NIOCore
import NIOPosix
import Replication
import Resharding
import Routing

/// The target's end of a move: connects to the source's leader, says the hello, and turns the socket into events.
///
/// Frames are read on the connection's own event loop. Events are delivered there, in order; `closed` comes once, last.
package final class MigrationConnection: ChannelInboundHandler, @unchecked Sendable {
    // Sendable: everything mutable is confined to `eventLoop`; `send` and `close` hop to it.
    package typealias InboundIn = ByteBuffer

    private let eventLoop: any EventLoop
    private let deliver: @Sendable (MigrationTargetMachine.Event) -> Void
    private var parser = MigrationFrameParser(sender: .source)
    private var answer = HelloAnswer()
    private var channel: (any Channel)?
    private var isClosed = false

    /// Begins to connect.
    /// - Parameter deliver: called on `eventLoop`.
    package init(
        to address: NodeAddress,
        _ hello: MigrationHello,
        eventLoop: any EventLoop,
        deliver: @escaping @Sendable (MigrationTargetMachine.Event) -> Void
    ) {
        self.eventLoop = eventLoop
        self.deliver = deliver
        eventLoop.execute { self.connect(to: address, hello) }
    }

    package func send(_ frame: MigrationFrame) {
        let buffer = MigrationConnection.encode(frame)
        eventLoop.execute { self.channel?.writeAndFlush(buffer, promise: nil) }
    }

    /// No event comes after this, as soon as the event loop knows.
    package func close() {
        eventLoop.execute {
            self.isClosed = true
            self.channel?.close(promise: nil)
        }
    }

    static func encode(_ frame: MigrationFrame) -> ByteBuffer {
        if case .chunk(let chunk) = frame {
            var buffer = ByteBuffer()
            buffer.reserveCapacity(chunk.bytes.count + MigrationFrame.headerBytes)
            buffer.writeBytes(MigrationFrame.chunkHeader(length: chunk.bytes.count))
            buffer.writeBytes(chunk.bytes)
            return buffer
        }
        var bytes: [UInt8] = []
        frame.encode(into: &bytes)
        return ByteBuffer(bytes: bytes)
    }

    private func connect(to address: NodeAddress, _ hello: MigrationHello) {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.milliseconds(Int64(ReshardingLimits.silenceMax)))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(self) }
            }
        bootstrap.connect(host: address.host, port: Int(address.port)).whenComplete { result in
            switch result {
            case .success(let channel): self.greet(channel, hello)
            case .failure(let error): self.end("\(address) can't be reached: \(ConnectFailure.reason(error))")
            }
        }
    }

    private func greet(_ channel: any Channel, _ hello: MigrationHello) {
        if isClosed { return channel.close(promise: nil) }
        self.channel = channel
        let words = [Array(MigrationHello.command.utf8)] + hello.arguments
        var buffer = ByteBuffer()
        buffer.writeRESPArray(count: words.count)
        for word in words { word.withUnsafeBytes { buffer.writeRESPBulk($0) } }
        channel.writeAndFlush(buffer, promise: nil)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if !answer.isAccepted, !readAnswer(&bytes) { return }
        bytes.withUnsafeReadableBytes { parser.append($0) }
        do throws(ReshardError) {
            while let frame = try parser.next() {
                guard !isClosed else { return }
                deliver(.frame(frame))
            }
        } catch {
            end("the source sent junk: \(error)")
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end("the source closed the connection")
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end("the connection broke: \(ConnectFailure.reason(error))")
    }

    /// - Returns: whether the answer was read whole and was `+OK`; the rest of `bytes` are frames.
    private func readAnswer(_ bytes: inout ByteBuffer) -> Bool {
        switch answer.read(&bytes) {
        case .incomplete, .accepted: break
        case .refused(let reason): end("the source refused: \(reason)")
        case .foreign: end("the source's answer makes no sense: is another program at its address?")
        }
        return answer.isAccepted
    }

    private func end(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        deliver(.closed(reason: reason))
        channel?.close(promise: nil)
    }
}
