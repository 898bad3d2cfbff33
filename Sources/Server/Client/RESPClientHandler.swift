import Model
import NIOCore

/// Matches replies with the commands in flight, in order. Confined to its channel's event loop.
final class RESPClientHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Request
    typealias OutboundOut = ByteBuffer

    struct Request: Sendable {
        var bytes: ByteBuffer
        var promise: EventLoopPromise<RESPReply>
        var timeout: TimeAmount
    }

    private struct Waiting {
        var promise: EventLoopPromise<RESPReply>
        var deadline: Scheduled<Void>
    }

    private let address: NodeAddress
    private var waiting = CircularBuffer<Waiting>()
    private var parser = RESPReplyParser()

    init(address: NodeAddress) { self.address = address }

    static func closed(_ address: NodeAddress) -> ClientError {
        ClientError(.closed, "\(address) closed the connection before it answered: the outcome is unknown, try again")
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let request = unwrapOutboundIn(data)
        guard waiting.count < ClientLimits.commandsInFlight else {
            let limit = ClientLimits.commandsInFlight
            request.promise.fail(
                ClientError(.badRequest, "\(limit) commands to \(address) wait for their replies: wait for some first")
            )
            promise?.succeed()
            return
        }
        let context = context.loopBound
        let deadline = context.eventLoop.assumeIsolated().scheduleTask(in: request.timeout) { [address] in
            self.fail(
                ClientError(.timeout, "\(address) did not answer in time: the outcome is unknown, try again"),
                context: context.value
            )
        }
        waiting.append(Waiting(promise: request.promise, deadline: deadline))
        context.value.write(wrapOutboundOut(request.bytes), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        buffer.withUnsafeReadableBytes { parser.append($0) }
        do {
            while let reply = try parser.next() {
                // RESP3 pushes and replies nobody asked for have no one to go to.
                guard let first = waiting.popFirst() else { continue }
                first.deadline.cancel()
                first.promise.succeed(reply)
            }
        } catch {
            fail(ClientError(error.code, "\(address): \(error.message)"), context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        failAll(Self.closed(address))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(Self.closed(address), context: context)
    }

    private func fail(_ error: ClientError, context: ChannelHandlerContext) {
        failAll(error)
        context.close(promise: nil)
    }

    private func failAll(_ error: ClientError) {
        while let first = waiting.popFirst() {
            first.deadline.cancel()
            first.promise.fail(error)
        }
    }
}
