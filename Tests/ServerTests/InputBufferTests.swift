import NIOCore
import Server
import Testing

@Suite struct InputBufferTests {
    /// Packets that always end in the middle of a command: what has been executed takes no memory.
    @Test func aBufferDoesNotGrowWithWhatWasRead() {
        var input = ByteBuffer()
        for number in 0..<10_000 {
            var packet = ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: 1_000)
            input.appendReusingRoom(&packet)
            input.moveReaderIndex(to: input.writerIndex - 500)
        }
        #expect(input.capacity <= 8 << 10)
        #expect(Array(input.readableBytesView) == [UInt8](repeating: UInt8(truncatingIfNeeded: 9_999), count: 500))
    }

    /// A command that comes in many packets is moved a few times, not at each of them.
    @Test func aLongCommandGrowsByDoubling() {
        var input = ByteBuffer()
        var capacities: Set<Int> = []
        for _ in 0..<4_000 {
            var packet = ByteBuffer(repeating: 7, count: 1_000)
            input.appendReusingRoom(&packet)
            capacities.insert(input.capacity)
        }
        #expect(input.readableBytes == 4_000_000 && capacities.count <= 15)
    }
}
