import Storage

/// Cuts a stream of bytes into frames. Remembers an unfinished frame between calls; its memory is bounded by the
/// largest frame the protocol allows, and a length beyond that is refused before anything is kept.
package struct MigrationFrameParser {
    package enum Side: String, Sendable {
        /// Reads what a source sends.
        case source
        /// Reads what a target sends: a few bytes at a time.
        case target
    }

    private let sender: Side
    private var buffer: [UInt8] = []
    private var offset = 0
    private var failure: ReshardError?

    /// Memory beyond this is given back once a large frame has passed.
    private static let idleCapacityMax = 1 << 20

    package init(sender: Side) { self.sender = sender }

    /// Adds bytes as they came from the socket; they are copied.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil else { return }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, or nil until more bytes come. Call until nil after each `append`.
    /// - Throws: `.badDocument` on the first byte that can't be right; from then on every call throws the same: close the
    ///   connection.
    package mutating func next() throws(ReshardError) -> MigrationFrame? {
        if let failure { throw failure }
        do throws(ReshardError) {
            let frame = try parse()
            if frame == nil { compact() }
            return frame
        } catch {
            failure = error
            buffer = []
            throw error
        }
    }

    private mutating func parse() throws(ReshardError) -> MigrationFrame? {
        guard buffer.count - offset >= MigrationFrame.headerBytes else { return nil }
        let (length, rawKind) = buffer.withUnsafeBytes {
            (Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))), $0[offset + 4])
        }
        guard let kind = MigrationFrame.Kind(rawValue: rawKind), kind.isTargets == (sender == .target) else {
            throw ReshardError(.badDocument, "a \(sender.rawValue) of a move doesn't send frames of kind \(rawKind)")
        }
        guard length <= kind.payloadBytesMax else {
            let most = kind.payloadBytesMax
            throw ReshardError(.badDocument, "a \(kind) frame of \(length) bytes is over the limit of \(most)")
        }
        let start = offset + MigrationFrame.headerBytes
        guard buffer.count - start >= length else { return nil }
        let frame = buffer.withUnsafeBytes {
            MigrationFrame.decode(kind, UnsafeRawBufferPointer(rebasing: $0[start..<start + length]))
        }
        guard let frame else {
            throw ReshardError(.badDocument, "a \(kind) frame of \(length) bytes doesn't parse")
        }
        offset = start + length
        return frame
    }

    private mutating func compact() {
        if offset == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= MigrationFrameParser.idleCapacityMax)
        } else if offset > 0 {
            buffer.removeFirst(offset)
        }
        offset = 0
    }
}
