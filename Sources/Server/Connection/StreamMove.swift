import Logging
import NIOCore

/// The end of a peer's conversation with commands: its connection goes on as a stream of frames, on the loop of streams.
enum StreamMove {
    /// Answers `+OK`, and moves the connection; bytes already read go along. On the connection's loop.
    static func begin(_ connection: ConnectionHandler, _ context: ChannelHandlerContext, for request: StreamRequest) {
        // No command is executed any more; what is read until the connection is gone from here is kept for the stream.
        connection.isBlocked = true
        connection.output.writeRESPOK()
        // All of it at once: what comes next is sent by the stream itself.
        connection.queue.removeMarks()
        while let part = connection.queue.take(max: .max, open: &connection.output) {
            context.write(NIOAny(part), promise: nil)
        }
        context.flush()
        let (streams, logger, peer) = (connection.loop.streams, connection.loop.logger, connection.remoteAddress)
        let moved = SocketMove.move(
            context.channel,
            to: streams.eventLoop,
            leftover: {
                defer { connection.input = ByteBuffer() }
                return connection.input
            },
            initialize: { try streams.take($0, for: request) }
        )
        moved.whenFailure { error in
            // It is closed; its other end asks again.
            logger.debug("a peer's stream did not begin", metadata: ["peer": "\(peer)", "reason": "\(error)"])
        }
    }
}
