import NIOCore

/// The end of a connection's conversation, after its last reply: a client in the middle of sending is read for a while, since
/// closing with unread bytes resets the connection, and a reset can overtake the reply that says why. On the connection's
/// loop.
final class Linger {
    /// After our last byte. The bytes are one value too large.
    private static let time = TimeAmount.seconds(2)
    private static let bytesMax = 64 << 20

    private let channel: any Channel
    private var bytes = 0

    /// Ends our side.
    init(_ channel: any Channel) {
        self.channel = channel
        channel.close(mode: .output, promise: nil)
        let task = channel.eventLoop.assumeIsolated().scheduleTask(in: Linger.time) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in task.cancel() }
    }

    /// Bytes after the end of the conversation.
    func discard(_ more: ByteBuffer) {
        bytes += more.readableBytes
        if bytes > Linger.bytesMax { channel.close(promise: nil) }
    }
}
