import NIOCore

extension ChannelHandlerContext {
    /// Hands on what was written so far, and calls `body` on the loop when the socket has taken all of it, or the connection
    /// has ended.
    func flush(whenWritten body: @escaping () -> Void) {
        // An empty write is done when all before it are.
        let written = eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in body() }
        writeAndFlush(NIOAny(ByteBuffer()), promise: written)
    }
}
