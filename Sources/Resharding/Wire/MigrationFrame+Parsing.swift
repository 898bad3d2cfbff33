import Model
import Replication

/// Reads the frames of one end of a move.
package typealias MigrationFrameParser = FrameParser<MigrationFrame>

extension MigrationFrame: StreamFrame {
    package enum Side: String, Sendable {
        /// Reads what a source sends.
        case source
        /// Reads what a target sends: a few bytes at a time.
        case target
    }

    package static func payloadBytesMax(ofKind code: UInt8, from sender: Side) throws(ReshardError) -> Int {
        guard let kind = Kind(rawValue: code), kind.isTargets == (sender == .target) else {
            throw ReshardError(.badDocument, "a \(sender.rawValue) of a move doesn't send frames of kind \(code)")
        }
        return kind.payloadBytesMax
    }

    package static func tooLong(kind code: UInt8, _ length: Int, limit: Int) -> ReshardError {
        let kind = Kind(rawValue: code).map { "\($0)" } ?? "\(code)"
        return ReshardError(.badDocument, "a \(kind) frame of \(length) bytes is over the limit of \(limit)")
    }
}
