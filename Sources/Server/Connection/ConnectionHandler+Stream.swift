import Logging
import NIOCore

extension ConnectionHandler {
    /// Answers `+OK`; then the connection goes on as a stream of frames, on the loop of streams. Bytes already read go along.
    func handOver(to request: StreamRequest, _ context: ChannelHandlerContext) {
        // No command is executed any more; what is read until the connection is gone from here is kept for the stream.
        isBlocked = true
        output.writeRESPOK()
        // All of it at once: what comes next is sent by the stream itself.
        queue.removeMarks()
        while let part = queue.take(max: .max, open: &output) { context.write(wrapOutboundOut(part), promise: nil) }
        context.flush()
        let (streams, logger, peer) = (loop.streams, loop.logger, remoteAddress)
        let moved = SocketMove.move(context.channel, to: streams.eventLoop, leftover: takeInput) {
            try streams.take($0, for: request)
        }
        moved.whenFailure { error in
            // It is closed; its other end asks again.
            logger.debug("a peer's stream did not begin", metadata: ["peer": "\(peer)", "reason": "\(error)"])
        }
    }

    private func takeInput() -> ByteBuffer {
        defer { input = ByteBuffer() }
        return input
    }
}
