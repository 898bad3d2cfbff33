import NIOCore

/// Puts a chunked body together; chunk extensions and trailers are checked for length and skipped.
struct HTTPChunkDecoder: Sendable {
    private enum State {
        case size
        case data(left: Int)
        case dataEnd
        case trailers(count: Int, bytes: Int)
    }

    private var state = State.size
    private var body = ByteBuffer()

    /// The whole body once its end has arrived; consumes what it understands, nil means more bytes are needed.
    mutating func next(_ buffer: inout ByteBuffer) throws(HTTPError) -> ByteBuffer? {
        while true {
            switch state {
            case .size:
                guard let line = try Self.line(&buffer, max: HTTPLimits.chunkLineMax) else { return nil }
                let size = try line.withUnsafeReadableBytes { (bytes) throws(HTTPError) in try Self.size(bytes) }
                guard size <= HTTPLimits.bodyMax - body.readableBytes else { throw .valueTooLarge }
                state = size == 0 ? .trailers(count: 0, bytes: 0) : .data(left: size)
            case .data(let left):
                let count = min(left, buffer.readableBytes)
                guard count > 0, var part = buffer.readSlice(length: count) else { return nil }
                body.writeBuffer(&part)
                state = left == count ? .dataEnd : .data(left: left - count)
            case .dataEnd:
                guard let end: UInt16 = buffer.getInteger(at: buffer.readerIndex) else {
                    guard buffer.getInteger(at: buffer.readerIndex) ?? ASCII.carriageReturn == ASCII.carriageReturn
                    else { throw Self.noEnd }
                    return nil
                }
                guard end == 0x0D0A else { throw Self.noEnd }
                buffer.moveReaderIndex(forwardBy: 2)
                state = .size
            case .trailers(let count, let bytes):
                guard let line = try Self.line(&buffer, max: HTTPLimits.trailerLineMax) else { return nil }
                guard line.readableBytes > 0 else { return body }
                guard count < HTTPLimits.headersMax, bytes + line.readableBytes <= HTTPLimits.headerBytesMax else {
                    throw .headersTooLarge
                }
                state = .trailers(count: count + 1, bytes: bytes + line.readableBytes)
            }
        }
    }

    private static let noEnd = HTTPError.malformed("a chunk's data must be followed by CR LF")

    /// The next line without its CR LF. LF alone is refused here: what a proxy takes for a chunk must be one for us.
    private static func line(_ buffer: inout ByteBuffer, max: Int) throws(HTTPError) -> ByteBuffer? {
        let view = buffer.readableBytesView.prefix(max + 2)
        guard let newline = view.firstIndex(of: ASCII.newline) else {
            guard view.count < max + 2 else { throw .malformed("a line of the chunked body is over \(max) bytes") }
            return nil
        }
        let length = newline - view.startIndex
        guard length > 0, view[newline - 1] == ASCII.carriageReturn, let line = buffer.readSlice(length: length - 1)
        else { throw .malformed("a line of the chunked body must end with CR LF") }
        buffer.moveReaderIndex(forwardBy: 2)
        return line
    }

    private static func size(_ line: UnsafeRawBufferPointer) throws(HTTPError) -> Int {
        var size = 0
        var digits = 0
        for byte in line {
            let digit = ASCII.hexadecimal(byte)
            guard digit < 16 else {
                guard byte == UInt8(ascii: ";") || byte == ASCII.space || byte == ASCII.tab else {
                    throw .malformed("a chunk's size must be a hexadecimal number")
                }
                break
            }
            digits += 1
            size = size << 4 | Int(digit)
            // Beyond the bound the exact size no longer matters, only that it doesn't wrap around.
            guard size <= HTTPLimits.bodyMax else { throw .valueTooLarge }
        }
        guard digits > 0 else { throw .malformed("a chunk's size must be a hexadecimal number") }
        return size
    }
}
