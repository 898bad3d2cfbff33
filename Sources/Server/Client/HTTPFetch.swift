import Model
import NIOCore
import NIOPosix

/// One HTTP request on a connection of its own: for status and administration, where a request a second is much.
package enum HTTPFetch {
    /// Sends the request and waits for the whole response, whatever its status.
    ///
    /// `path` is sent as it is (percent-encoded by the caller). `timeout` is for everything from the connection to the
    /// last byte. Throws `unreachable`, `timeout`, `closed` or `badReply`.
    package static func request(
        method: String,
        address: NodeAddress,
        path: String,
        body: [UInt8] = [],
        timeout: TimeAmount = ClientLimits.commandTimeout,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws(ClientError) -> HTTPFetchResponse {
        let loop = group.next()
        let promise = loop.makePromise(of: HTTPFetchResponse.self)
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        let deadline = loop.scheduleTask(in: timeout) {
            promise.fail(ClientError(.timeout, "\(address) did not answer \(method) \(path) in time"))
        }
        let connected = ClientBootstrap(group: loop)
            .connectTimeout(min(timeout, ClientLimits.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = HTTPFetchHandler(address: address, method: method, promise: promise)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(to: address)
        connected.whenFailure { promise.fail(ConnectFailure.clientError($0, address: address)) }
        connected.whenSuccess { channel in
            var request = channel.allocator.buffer(capacity: head.utf8.count + body.count)
            request.writeString(head)
            request.writeBytes(body)
            channel.writeAndFlush(request, promise: nil)
            promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        do {
            return try await promise.futureResult.get()
        } catch {
            throw (error as? ClientError) ?? ClientError(.closed, "\(address): \(error)")
        }
    }
}

/// Collects one response. Confined to its channel's event loop.
private final class HTTPFetchHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let address: NodeAddress
    private let promise: EventLoopPromise<HTTPFetchResponse>
    private var parser: HTTPResponseParser
    private var isDone = false

    init(address: NodeAddress, method: String, promise: EventLoopPromise<HTTPFetchResponse>) {
        self.address = address
        self.promise = promise
        parser = HTTPResponseParser(method: method)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        do throws(ClientError) {
            let response = try unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
                Result { () throws(ClientError) in try parser.append(bytes) }
            }.get()
            guard let response else { return }
            isDone = true
            promise.succeed(response)
        } catch {
            isDone = true
            promise.fail(ClientError(error.code, "\(address): \(error.message)"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isDone {
            isDone = true
            if let response = parser.end() {
                promise.succeed(response)
            } else {
                promise.fail(ClientError(.closed, "\(address) closed the connection before it answered"))
            }
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
