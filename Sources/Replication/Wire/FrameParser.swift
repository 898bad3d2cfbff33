/// What a stream of frames carries. A frame is `length u32 · kind u8 · payload`, little endian; the length is the
/// payload's.
package protocol StreamFrame {
    /// Which end of the stream sends what is read.
    associatedtype Side: Sendable
    associatedtype Failure: Error

    /// How the kind is written.
    var kindCode: UInt8 { get }
    func encodePayload(into bytes: inout [UInt8])

    /// The most bytes that a payload of that kind may have.
    /// - Throws: if that side sends no frames of that kind.
    static func payloadBytesMax(ofKind code: UInt8, from sender: Side) throws(Failure) -> Int
    /// What a frame is refused with whose payload is over its limit.
    static func tooLong(kind code: UInt8, _ length: Int, limit: Int) -> Failure
    /// Reads a whole payload of a kind that the sender may send. The bytes are borrowed for the call.
    static func decode(kind code: UInt8, _ payload: UnsafeRawBufferPointer) throws(Failure) -> Self
}

extension StreamFrame {
    package static var headerBytes: Int { 5 }

    /// What stands in front of a payload of so many bytes, which need not be copied then.
    package static func header(kind code: UInt8, length: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerBytes)
        bytes.appendInteger(UInt32(length))
        bytes.append(code)
        return bytes
    }

    /// Appends the whole frame, with a copy of its payload.
    package func encode(into bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.appendInteger(UInt32(0))
        bytes.append(kindCode)
        encodePayload(into: &bytes)
        let length = UInt32(bytes.count - start - Self.headerBytes)
        withUnsafeBytes(of: length.littleEndian) { bytes.replaceSubrange(start..<start + 4, with: $0) }
    }
}

/// Cuts a stream of bytes into frames. Remembers an unfinished frame between calls; its memory is bounded by the
/// largest frame the protocol allows, and a length beyond that is refused before anything is kept.
package struct FrameParser<Frame: StreamFrame> {
    package typealias Side = Frame.Side

    private let sender: Frame.Side
    private var buffer: [UInt8] = []
    private var offset = 0
    private var failure: Frame.Failure?

    /// Memory beyond this is given back once a large frame has passed.
    private static var idleCapacityMax: Int { 1 << 20 }

    package init(sender: Frame.Side) { self.sender = sender }

    /// Adds bytes as they came from the socket; they are copied.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil else { return }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, or nil until more bytes come. Call until nil after each `append`.
    /// - Throws: on the first byte that can't be right; from then on every call throws the same: close the connection.
    package mutating func next() throws(Frame.Failure) -> Frame? {
        if let failure { throw failure }
        do throws(Frame.Failure) {
            let frame = try parse()
            if frame == nil { compact() }
            return frame
        } catch {
            failure = error
            buffer = []
            throw error
        }
    }

    private mutating func parse() throws(Frame.Failure) -> Frame? {
        guard buffer.count - offset >= Frame.headerBytes else { return nil }
        let (length, code) = buffer.withUnsafeBytes {
            (Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))), $0[offset + 4])
        }
        let limit = try Frame.payloadBytesMax(ofKind: code, from: sender)
        guard length <= limit else { throw Frame.tooLong(kind: code, length, limit: limit) }
        let start = offset + Frame.headerBytes
        guard buffer.count - start >= length else { return nil }
        let result = buffer.withUnsafeBytes { bytes -> Result<Frame, Frame.Failure> in
            let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
            do throws(Frame.Failure) {
                return .success(try Frame.decode(kind: code, payload))
            } catch {
                return .failure(error)
            }
        }
        offset = start + length
        return try result.get()
    }

    private mutating func compact() {
        if offset == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.idleCapacityMax)
        } else if offset > 0 {
            buffer.removeFirst(offset)
        }
        offset = 0
    }
}
