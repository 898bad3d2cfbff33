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
}
