import NIOCore
import Server
import TestSupport
import Testing

@Suite struct ReplyQueueTests {
    /// All bytes of a connection in one buffer, with the marks as places in it.
    private struct Model {
        var bytes = ByteBuffer()
        var marks: [(number: UInt64, place: Int)] = []
        var ready: Int { (marks.first?.place ?? bytes.writerIndex) - bytes.readerIndex }

        mutating func replace(through number: UInt64, by instead: ByteBuffer) {
            guard let first = marks.first, first.number <= number else { return }
            marks.removeAll { $0.number <= number }
            let end = marks.first?.place ?? bytes.writerIndex
            let tail = bytes.getSlice(at: end, length: bytes.writerIndex - end)
            bytes.moveWriterIndex(to: first.place)
            bytes.writeImmutableBuffer(instead)
            for index in marks.indices { marks[index].place += bytes.writerIndex - end }
            if let tail { bytes.writeImmutableBuffer(tail) }
        }
    }

    /// Reads that are evaluated anew are answered anew: a client must not be told of a failed commit more often than it asked.
    @Test func whatIsTakenBackIsNotCountedTwice() {
        var queue = ReplyQueue()
        var open = ByteBuffer()
        #expect(queue.repliesHeld == 0)
        queue.takeBackReplies(to: 0)
        queue.hold(for: 1, writes: 1, from: 0, since: 0)
        queue.countReply()
        let before = queue.repliesHeld
        for _ in 0..<3 { queue.countReply() }
        queue.takeBackReplies(to: before)
        for _ in 0..<3 { queue.countReply() }
        queue.replaceHeld(through: 1, open: &open) { replies, _ in #expect(replies == 4) }
        #expect(queue.marks.isEmpty)
    }

    private static let partBytes = ReplyParts.partBytes

    /// Whatever is written, held, released, sent and taken back: the bytes come in order, and none before its commit.
    @Test(arguments: 0..<20 as Range<UInt64>) func bytesComeInOrder(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var queue = ReplyQueue()
        var open = ByteBuffer()
        var model = Model()
        var number: UInt64 = 1
        func bytes(_ count: ClosedRange<Int>) -> ByteBuffer {
            ByteBuffer(repeating: .random(in: 0...255, using: &random), count: .random(in: count, using: &random))
        }
        for _ in 0..<300 {
            switch Int.random(in: 0..<9, using: &random) {
            case 0, 1:
                let more = bytes(1...50)
                open.writeImmutableBuffer(more)
                model.bytes.writeImmutableBuffer(more)
            case 2:
                let more = bytes(1...3 * Self.partBytes)
                var parts = ReplyParts()
                more.withUnsafeReadableBytes { parts.append($0) }
                queue.put(parts, open: &open)
                model.bytes.writeImmutableBuffer(more)
            case 3:
                number += .random(in: 0...1, using: &random)
                if model.marks.last?.number ?? 0 < number { model.marks.append((number, model.bytes.writerIndex)) }
                queue.hold(for: number, writes: 1, from: open.writerIndex, since: 0)
            case 4:
                let through = UInt64.random(in: 0...number, using: &random)
                queue.release(through: through) { #expect($0.number <= through) }
                model.marks.removeAll { $0.number <= through }
            case 5 where Int.random(in: 0..<8, using: &random) == 0:
                queue.takeBackHeld(open: &open)
                if let first = model.marks.first { model.bytes.moveWriterIndex(to: first.place) }
                model.marks = []
            case 6 where Int.random(in: 0..<4, using: &random) == 0:
                let through = UInt64.random(in: 0...number, using: &random)
                let instead = bytes(0...50)
                queue.replaceHeld(through: through, open: &open) { $1.writeImmutableBuffer(instead) }
                model.replace(through: through, by: instead)
            default:
                let max = Int.random(in: 1...2 * Self.partBytes, using: &random)
                let ready = model.ready
                let part = queue.take(max: max, open: &open)
                let count = part?.readableBytes ?? 0
                #expect(count <= min(max, ready) && (part == nil) == (ready == 0))
                #expect(part == nil || part == model.bytes.readSlice(length: count))
            }
            #expect(queue.partBytes + open.readableBytes == model.bytes.readableBytes)
            #expect(queue.marks.map(\.number) == model.marks.map(\.number))
        }
    }

    @Test func repliesOfAHeldBatchAreCounted() {
        var queue = ReplyQueue()
        var open = ByteBuffer(string: "+A\r\n")
        queue.countReply()
        queue.hold(for: 4, writes: 1, from: open.writerIndex, since: 0)
        open.writeString("+OK\r\n")
        queue.countReply()
        queue.hold(for: 4, writes: 1, from: open.writerIndex, since: 0)
        var parts = ReplyParts()
        [UInt8](repeating: 1, count: 2 * Self.partBytes).withUnsafeBytes { parts.append($0) }
        queue.put(parts, open: &open)
        queue.countReply()
        #expect(queue.marks.map(\.writes) == [2])
        queue.replaceHeld(through: 3, open: &open) { _, _ in Issue.record("none of them waits for that") }
        queue.replaceHeld(through: 4, open: &open) { replies, _ in #expect(replies == 2) }
        #expect(queue.marks.isEmpty)
        #expect(queue.take(max: 100, open: &open) == ByteBuffer(string: "+A\r\n"))
        #expect(queue.take(max: 100, open: &open) == nil && queue.hasNoParts)
    }

    /// What is sent is not copied before.
    @Test func sendingCopiesNothing() {
        var queue = ReplyQueue()
        var open = ByteBuffer()
        let large = ByteBuffer(repeating: 1, count: 1 << 20)
        func address(_ buffer: ByteBuffer?) -> Int? {
            buffer?.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) }
        }
        open = large
        let first = queue.take(max: 1 << 10, open: &open)
        let second = queue.take(max: 1 << 20, open: &open)
        #expect(address(first) == address(large))
        #expect(address(second) == address(large).map { $0 + 1 << 10 })
    }

    @Test func aLargeReplyIsInPartsOfABoundedSize() {
        var parts = ReplyParts()
        var expected = ByteBuffer()
        var random = SplitMix(seed: 7)
        for _ in 0..<300 {
            if Bool.random(using: &random) {
                parts.null(version: 2)
                expected.writeString("$-1\r\n")
            } else {
                let isLarge = Int.random(in: 0...10, using: &random) == 0
                let count = isLarge ? 200_000 : Int.random(in: 0...5_000, using: &random)
                let value = ByteBuffer(repeating: .random(in: 0...255, using: &random), count: count)
                value.withUnsafeReadableBytes { parts.bulk($0) }
                expected.writeString("$\(count)\r\n")
                expected.writeImmutableBuffer(value)
                expected.writeString("\r\n")
            }
            #expect(parts.bytes == expected.readableBytes)
        }
        var joined = ByteBuffer()
        for part in parts.buffers { joined.writeImmutableBuffer(part) }
        #expect(joined == expected)
        #expect(parts.buffers.allSatisfy { $0.capacity <= Self.partBytes && $0.readableBytes > 0 })
        #expect(parts.buffers.dropLast().allSatisfy { $0.readableBytes == Self.partBytes })
    }

    /// However much is due: a bounded part of it, and the rest when that is written.
    @Test func aBoundedPartIsHandedOverAtATime() {
        var queue = ReplyQueue()
        var sender = ReplySender()
        var open = ByteBuffer(string: "+OK\r\n")
        var reply = ReplyParts()
        let large = ByteBuffer(repeating: 1, count: ReplySender.bytesMax * 5 / 2)
        large.withUnsafeReadableBytes { reply.append($0) }
        queue.put(reply, open: &open)
        open.writeImmutableBuffer(large)
        var sent = 0
        var waits = 0
        while true {
            let (parts, bytes) = sender.take(&queue, &open)
            #expect(parts.reduce(0) { $0 + $1.readableBytes } == bytes && bytes <= ReplySender.bytesMax)
            // Writing may call the connection back.
            #expect(sender.take(&queue, &open).bytes == 0)
            sent += bytes
            guard sender.handedOver(bytes) else { break }
            #expect(sender.take(&queue, &open).bytes == 0)
            waits += 1
            sender.written()
        }
        #expect(sent == 5 + 2 * large.readableBytes && waits == 5 && !sender.isBusy)
    }
}
