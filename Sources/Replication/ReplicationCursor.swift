import Model
import Storage

/// How far the reader of `/get-next-replication-key` and `/delete-next-replication-key` has come in the log.
///
/// It holds the log back from being cut, within a bound: a reader who stays away loses records, and they are counted.
package struct ReplicationCursor: Hashable, Sendable {
    /// The last record taken or passed over.
    package private(set) var taken: Position
    /// Records that were cut from the log before the reader took them.
    package private(set) var skipped: UInt64

    /// A record on offer. Borrowed from its batch.
    package struct Offer {
        package var position: Position
        package var record: LogRecord
    }

    package enum Outcome: Hashable, Sendable {
        case taken
        /// Why not, in words.
        case refused(String)
    }

    package init(taken: Position, skipped: UInt64 = 0) {
        self.taken = taken
        self.skipped = skipped
    }

    /// The log must keep what is behind this sequence.
    package var pinnedSequence: UInt64 { taken.sequence }

    /// Jumps forward to what the log still has and may be made to keep.
    /// - Parameters:
    ///   - logStart: the record behind which the log begins.
    ///   - pinFloor: the record at `ReplicationLimits.cursorPinBytesMax` before the log's end.
    /// - Returns: whether it jumped, so that the file has to be written.
    package mutating func enforceBound(logStart: Position, pinFloor: Position) -> Bool {
        let floor = logStart.sequence >= pinFloor.sequence ? logStart : pinFloor
        guard floor.sequence > taken.sequence else { return false }
        skipped += floor.sequence - taken.sequence
        taken = floor
        return true
    }

    /// Calls `body` with the first record of the batch that is not taken and has a key, if there is one.
    /// - Returns: `body`'s result; nil means: go on with the next committed batch.
    package func withOffer<R>(in batch: LogBatch, _ body: (Offer) -> R) -> R? {
        var result: R?
        func look(_ record: LogRecord, _ sequence: UInt64) {
            guard result == nil, sequence > taken.sequence, record.changesKey else {
                return
            }
            result = body(Offer(position: Position(term: batch.term, sequence: sequence), record: record))
        }
        batch.forEachRecord(look)
        return result
    }

    /// Takes the offered record if it is the one the reader names.
    /// - Parameter value: nil or empty for a delete.
    package mutating func take(_ offer: Offer, key: [UInt8], value: [UInt8]?) -> Outcome {
        guard offer.position.sequence > taken.sequence else { return .refused("\(offer.position) was taken already") }
        guard offer.record.key.elementsEqual(key) else {
            return .refused("the next record, \(offer.position), has another key")
        }
        guard offer.record.content.elementsEqual(value ?? []) else {
            return .refused("the next record, \(offer.position), has another value")
        }
        taken = offer.position
        return .taken
    }

    private static let magic: UInt32 = 0x5243_4853  // "SHCR"

    /// The file: magic u32, term u64, sequence u64, skipped u64, CRC32C u32 of all before it; little endian.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(ReplicationCursor.magic)
        bytes.appendPosition(taken)
        bytes.appendInteger(skipped)
        bytes.appendInteger(bytes.withUnsafeBytes { CRC32C.checksum($0) })
        return bytes
    }

    /// Reads the file's bytes.
    package init(encoded: [UInt8]) throws(ReplicationError) {
        let fields = encoded.withUnsafeBytes { bytes -> (Position, UInt64)? in
            var reader = WireReader(bytes)
            guard reader.integer(UInt32.self) == ReplicationCursor.magic, let position = reader.position(),
                let skipped = reader.integer(UInt64.self), let crc = reader.integer(UInt32.self), reader.isAtEnd,
                crc == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)]))
            else { return nil }
            return (position, skipped)
        }
        guard let (position, skipped) = fields else {
            throw ReplicationError(
                .badCursor,
                "the replication cursor's file is damaged; delete it to start at the log's beginning"
            )
        }
        self.init(taken: position, skipped: skipped)
    }
}
