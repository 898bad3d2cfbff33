import NIOCore

/// The replies of one connection that are not sent yet, in order: parts that are ended, and after them the open buffer, to
/// which commands append and which the connection keeps. Those that wait for a commit are held back by a mark: what stands
/// after the first mark is sent when that mark's batch is durable. So a reply costs no bookkeeping of its own.
///
/// Places count from the connection's first byte, so that neither sending nor ending a part moves them. Pure: it sends
/// nothing itself. On the connection's loop.
package struct ReplyQueue {
    /// From `place` on, replies wait for batch `number`.
    package struct Mark {
        package var number: UInt64
        var place: Int
        var since: UInt64
        package var writes: Int
        /// Replies from here to the next mark, for telling each of them when the commit fails.
        var replies = 0
    }

    package private(set) var marks: [Mark] = []
    /// Ended parts from `firstPart` on; the places in front of it are empty.
    private var parts: [ByteBuffer] = []
    private var firstPart = 0
    /// In the ended parts.
    package private(set) var partBytes = 0
    /// The place of the open buffer's first byte.
    private var base = 0

    /// Whether nothing stands in front of the open buffer.
    @inline(__always) package var hasNoParts: Bool { partBytes == 0 }

    package init() {}

    // MARK: Marks

    /// What stands from that index of the open buffer on waits for batch `number`.
    /// - Parameter since: when the command came, on the monotonic clock in nanoseconds.
    @inline(__always)
    package mutating func hold(for number: UInt64, writes: Int, from index: Int, since: UInt64) {
        if let last = marks.indices.last, marks[last].number >= number {
            marks[last].writes += writes
            return
        }
        marks.append(Mark(number: number, place: base + index, since: since, writes: writes))
    }

    /// One reply more stands after the newest mark, if there is one.
    @inline(__always)
    package mutating func countReply() {
        if let last = marks.indices.last { marks[last].replies += 1 }
    }

    /// How many stand after the newest mark.
    @inline(__always) package var repliesHeld: Int { marks.last?.replies ?? 0 }

    /// Replies after the newest mark were taken back, to be given anew: only so many are left.
    package mutating func takeBackReplies(to count: Int) {
        if let last = marks.indices.last { marks[last].replies = count }
    }

    /// Batches up to `number` are durable.
    /// - Parameter body: gets the marks that go.
    @inline(__always)
    package mutating func release(through number: UInt64, _ body: (Mark) -> Void) {
        var released = 0
        while released < marks.count, marks[released].number <= number {
            body(marks[released])
            released += 1
        }
        marks.removeFirst(released)
    }

    /// Drops the replies that are held, and their marks.
    package mutating func takeBackHeld(open: inout ByteBuffer) {
        guard let first = marks.first else { return }
        marks = []
        _ = cut(from: first.place, open: &open)
    }

    /// Puts something else in place of the replies that wait for batches up to `number`. Those after them, which wait for
    /// later ones, go on waiting.
    /// - Parameter body: gets how many replies they were, and where to write.
    package mutating func replaceHeld(
        through number: UInt64,
        open: inout ByteBuffer,
        _ body: (_ replies: Int, _ output: inout ByteBuffer) -> Void
    ) {
        let replaced = marks.prefix { $0.number <= number }
        guard let first = replaced.first else { return }
        var later = Array(marks.dropFirst(replaced.count))
        let oldPlace = later.first?.place ?? 0
        let tail = later.isEmpty ? [] : cut(from: oldPlace, open: &open)
        _ = cut(from: first.place, open: &open)
        body(replaced.reduce(0) { $0 + $1.replies }, &open)
        let shift = base + open.writerIndex - oldPlace
        for index in later.indices { later[index].place += shift }
        for var part in tail { open.writeBuffer(&part) }
        marks = later
    }

    /// Takes away all bytes from that place on, which are not sent yet.
    /// - Returns: them, in order.
    private mutating func cut(from place: Int, open: inout ByteBuffer) -> [ByteBuffer] {
        let kept = max(0, place - base)
        var taken = [open.getSlice(at: kept, length: open.writerIndex - kept)].compactMap(\.self)
        open.moveWriterIndex(to: kept)
        while place < base, var last = parts.popLast() {
            base -= last.readableBytes
            partBytes -= last.readableBytes
            if base < place, let rest = last.readSlice(length: place - base) { append(rest) }
            taken.append(last)
        }
        return taken.reversed()
    }

    /// Nobody is left to be answered.
    package mutating func removeMarks() { marks = [] }

    package mutating func removeAll() { self = ReplyQueue() }

    // MARK: Bytes

    /// The reply of a command on many keys, after all that stands in the open buffer.
    package mutating func put(_ reply: ReplyParts, open: inout ByteBuffer) {
        endPart(&open)
        for part in reply.buffers { append(part) }
    }

    /// The next bytes that wait for nothing, `max` at most, without copying them; nil: there are none.
    package mutating func take(max: Int, open: inout ByteBuffer) -> ByteBuffer? {
        let front = base - partBytes
        let ready = min(max, marks.first.map { $0.place - front } ?? Int.max)
        guard ready > 0 else { return nil }
        if hasNoParts { endPart(&open) }
        guard firstPart < parts.count else { return nil }
        if parts[firstPart].readableBytes > ready {
            partBytes -= ready
            return parts[firstPart].readSlice(length: ready)
        }
        let part = parts[firstPart]
        partBytes -= part.readableBytes
        parts[firstPart] = ByteBuffer()
        firstPart += 1
        if firstPart == parts.count {
            parts = []
            firstPart = 0
        }
        return part
    }

    /// All of the open buffer is sent, and it is empty from now on: when nothing is held, and nothing stands in front of it.
    @inline(__always)
    package mutating func passOver(_ open: ByteBuffer) { base += open.writerIndex }

    private mutating func endPart(_ open: inout ByteBuffer) {
        guard open.readableBytes > 0 else { return }
        append(open)
        open = ByteBuffer()
    }

    private mutating func append(_ part: ByteBuffer) {
        parts.append(part)
        partBytes += part.readableBytes
        base += part.readableBytes
    }
}
