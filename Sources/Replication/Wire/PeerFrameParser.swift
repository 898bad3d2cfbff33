import Storage

/// Cuts a stream of bytes into frames. Remembers an unfinished frame between calls; its memory is bounded by the
/// largest frame the protocol allows, and a length beyond that is refused before anything is kept.
package struct PeerFrameParser {
    package enum Side: Sendable {
        /// Reads what a leader sends.
        case leader
        /// Reads what a follower sends: acknowledgements only, so a few bytes at a time.
        case follower
    }

    private let sender: Side
    private var buffer: [UInt8] = []
    private var offset = 0
    private var failure: ReplicationError?

    /// Memory beyond this is given back once a large frame has passed.
    private static let idleCapacityMax = 1 << 20

    package init(sender: Side) { self.sender = sender }

    /// Adds bytes as they came from the socket; they are copied.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil else { return }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, or nil until more bytes come. Call until nil after each `append`.
    /// - Throws: on the first byte that can't be right; from then on every call throws the same: close the connection.
    package mutating func next() throws(ReplicationError) -> PeerFrame? {
        if let failure { throw failure }
        do {
            let frame = try parse()
            if frame == nil { compact() }
            return frame
        } catch {
            failure = error
            buffer = []
            throw error
        }
    }

    private mutating func parse() throws(ReplicationError) -> PeerFrame? {
        guard buffer.count - offset >= PeerFrame.headerBytes else { return nil }
        let (length, rawKind) = buffer.withUnsafeBytes {
            (
                Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))),
                $0[offset + 4]
            )
        }
        guard let kind = PeerFrame.Kind(rawValue: rawKind), (kind == .acknowledge) == (sender == .follower) else {
            throw ReplicationError(.badFrame, "a \(sender) doesn't send frames of kind \(rawKind)")
        }
        guard length <= kind.payloadBytesMax else {
            throw ReplicationError(
                .frameTooLong,
                "a \(kind) frame of \(length) bytes is over the limit of \(kind.payloadBytesMax)"
            )
        }
        let start = offset + PeerFrame.headerBytes
        guard buffer.count - start >= length else { return nil }
        var result: Result<PeerFrame, ReplicationError>?
        buffer.withUnsafeBytes { bytes in
            let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
            do throws(ReplicationError) {
                result = .success(try PeerFrame.decode(kind, payload))
            } catch {
                result = .failure(error)
            }
        }
        offset = start + length
        return try result?.get()
    }

    private mutating func compact() {
        if offset == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= PeerFrameParser.idleCapacityMax)
        } else if offset > 0 {
            buffer.removeFirst(offset)
        }
        offset = 0
    }
}

extension PeerFrame.Kind {
    /// The most that a payload of this kind may have.
    var payloadBytesMax: Int {
        switch self {
        case .batch: StorageLimits.batchBytesHardMax
        case .snapshotChunk: SnapshotChunk.bytesMax
        case .heartbeat: 40
        case .acknowledge: 41
        case .resume, .truncate: 16
        case .snapshotEnd: 24 + SlotOwnership.encodedBytesMax
        case .snapshotBegin: 96
        case .leaderChanged: ReplicationLimits.recordTextMax
        case .refuse: 1 + ReplicationLimits.refusalTextMax
        }
    }
}
