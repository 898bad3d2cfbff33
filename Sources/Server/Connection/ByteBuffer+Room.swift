import NIOCore

extension ByteBuffer {
    /// Appends after an unfinished command. What has been read in front of it makes room: a client of which every packet
    /// ends in the middle of a command would have the buffer grow until none can be larger.
    package mutating func appendReusingRoom(_ bytes: inout ByteBuffer) {
        if readerIndex > readableBytes { discardReadBytes() }
        writeBuffer(&bytes)
    }
}
