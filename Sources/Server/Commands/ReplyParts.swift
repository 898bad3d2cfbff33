import NIOCore

/// A reply that is too large for one buffer: its bytes in buffers of a bounded size. So it grows without moving what is
/// there, and is sent and freed in pieces.
package struct ReplyParts {
    /// Of one buffer.
    package static let partBytes = 64 << 10

    /// In order; none is empty.
    package private(set) var buffers: [ByteBuffer] = []
    package private(set) var bytes = 0

    package init() {}

    package mutating func append(_ more: UnsafeRawBufferPointer) {
        var rest = more
        while !rest.isEmpty {
            let used = buffers.last?.writerIndex ?? ReplyParts.partBytes
            if used == ReplyParts.partBytes {
                buffers.append(ByteBufferAllocator().buffer(capacity: ReplyParts.partBytes))
                continue
            }
            let count = min(rest.count, ReplyParts.partBytes - used)
            buffers[buffers.count - 1].writeBytes(UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            bytes += count
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    /// The head of an array; its elements follow.
    mutating func array(count: Int) {
        var head = ByteBuffer()
        head.writeRESPArray(count: count)
        append(head)
    }

    /// Takes over what stands in the reply from `start` on.
    mutating func take(from reply: inout Reply, start: Int) {
        guard reply.end > start else { return }
        reply.output.withUnsafeReadableBytes { bytes in
            append(UnsafeRawBufferPointer(rebasing: bytes[(start - reply.output.readerIndex)...]))
        }
        reply.takeBack(to: start)
    }

    package mutating func bulk(_ value: UnsafeRawBufferPointer) {
        if hasRoom(for: value.count + ReplyParts.frameBytesMax) {
            buffers[buffers.count - 1].writeRESPBulk(value)
            return count()
        }
        var head = ByteBuffer()
        head.writeStaticString("$")
        head.writeDecimal(Int64(value.count))
        head.writeStaticString("\r\n")
        append(head)
        append(value)
        append(ByteBuffer(staticString: "\r\n"))
    }

    package mutating func null(version: Int) {
        if hasRoom(for: ReplyParts.frameBytesMax) {
            buffers[buffers.count - 1].writeRESPNull(version: version)
            return count()
        }
        var text = ByteBuffer()
        text.writeRESPNull(version: version)
        append(text)
    }

    /// More than what stands around a value.
    private static let frameBytesMax = 32

    private func hasRoom(for count: Int) -> Bool {
        guard let last = buffers.last else { return false }
        return last.writerIndex + count <= ReplyParts.partBytes
    }

    /// After a write to the last buffer: all before it are full.
    private mutating func count() {
        bytes = (buffers.count - 1) * ReplyParts.partBytes + (buffers.last?.writerIndex ?? 0)
    }

    private mutating func append(_ buffer: ByteBuffer) { buffer.withUnsafeReadableBytes { append($0) } }
}
