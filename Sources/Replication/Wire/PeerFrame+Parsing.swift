import Model
import Storage

/// Reads the frames of one end of replication.
package typealias PeerFrameParser = FrameParser<PeerFrame>

extension PeerFrame: StreamFrame {
    package enum Side: Sendable {
        /// Reads what a leader sends.
        case leader
        /// Reads what a follower sends: acknowledgements only, so a few bytes at a time.
        case follower
    }

    package static func payloadBytesMax(ofKind code: UInt8, from sender: Side) throws(ReplicationError) -> Int {
        guard let kind = Kind(rawValue: code), (kind == .acknowledge) == (sender == .follower) else {
            throw ReplicationError(.badFrame, "a \(sender) doesn't send frames of kind \(code)")
        }
        return kind.payloadBytesMax
    }

    package static func tooLong(kind code: UInt8, _ length: Int, limit: Int) -> ReplicationError {
        let kind = Kind(rawValue: code).map { "\($0)" } ?? "\(code)"
        return ReplicationError(.frameTooLong, "a \(kind) frame of \(length) bytes is over the limit of \(limit)")
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
