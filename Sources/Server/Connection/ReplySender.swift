import NIOCore

/// How much of its replies a connection may hand to its socket at a time, so that a large one is written while others have
/// their turns. Pure: it writes nothing itself.
package struct ReplySender {
    /// Handed to the socket at a time.
    package static let bytesMax = 1 << 20

    /// Nothing more may be handed over for now.
    package private(set) var isBusy = false

    package init() {}

    /// Takes what waits for nothing, as far as that is allowed. Nothing more is, until `handedOver` or `written`: writing
    /// may call the connection back.
    package mutating func take(_ queue: inout ReplyQueue, _ open: inout ByteBuffer) -> (parts: [ByteBuffer], bytes: Int)
    {
        var parts: [ByteBuffer] = []
        var bytes = 0
        guard !isBusy else { return ([], 0) }
        while let part = queue.take(max: ReplySender.bytesMax - bytes, open: &open) {
            bytes += part.readableBytes
            parts.append(part)
        }
        isBusy = bytes > 0
        return (parts, bytes)
    }

    /// The socket has so many bytes.
    /// - Returns: whether that is all it may have, until it has written them: `written`.
    package mutating func handedOver(_ bytes: Int) -> Bool {
        isBusy = bytes == ReplySender.bytesMax
        return isBusy
    }

    package mutating func written() { isBusy = false }
}
