import Glibc
import Model

/// A sealed batch: the unit that is appended, synced, checksummed, shipped and applied.
///
/// Header, little endian (docs/storage-format.md):
/// ```
///  0 magic "SHOB" u32 (in a file also "SHOC")   4 length u32 (header and padding included, a multiple of 8)
///  8 CRC32C u32 of bytes 12..<length      12 record count u32
/// 16 term u64          24 first sequence u64      32 commit sequence known to the writer u64
/// 40 wall time u64 (ms since 1970)                48 skip u64: sequences after the last record that stay unused
/// 56 records … zero padding
/// ```
/// Immutable once made, so any thread may read it.
package final class LogBatch: Sendable {
    package static let headerBytes = 56
    package static let magic: UInt32 = 0x424F_4853  // "SHOB"
    /// In a file, in place of `magic`: nothing was synced between the batch before and this one. A disk may lose the one
    /// and keep the other.
    static let unsyncedMagic: UInt32 = 0x434F_4853  // "SHOC"

    /// The whole batch, header first. Owned; freed with the object.
    nonisolated(unsafe) package let bytes: UnsafeRawBufferPointer
    package let term: UInt64
    package let firstSequence: UInt64
    /// Records in the batch.
    package let count: Int
    /// Sequences it takes: one for each record, and those it skips.
    package let sequences: UInt64

    /// Takes over `storage` (allocated with malloc), whose header and CRC are complete.
    package init(adopting storage: UnsafeMutableRawPointer, length: Int) {
        bytes = UnsafeRawBufferPointer(start: storage, count: length)
        count = Int(LogBatch.field32(bytes, 12))
        term = LogBatch.field64(bytes, 16)
        firstSequence = LogBatch.field64(bytes, 24)
        sequences = LogBatch.sequences(bytes)
    }

    deinit { free(UnsafeMutableRawPointer(mutating: bytes.baseAddress)) }

    /// The position of the last sequence it takes.
    package var end: Position { Position(term: term, sequence: firstSequence + sequences - 1) }
    package var commitSequence: UInt64 { LogBatch.field64(bytes, 32) }
    package var wallTime: UInt64 { LogBatch.field64(bytes, 40) }

    /// Calls `body` for every record in order, with its sequence. Record bytes are borrowed for the call.
    @inline(__always)
    package func forEachRecord(_ body: (LogRecord, UInt64) -> Void) {
        var offset = LogBatch.headerBytes
        for index in 0..<count {
            guard let record = LogRecord.decode(bytes, at: offset) else { return }
            body(record, firstSequence + UInt64(index))
            offset += record.encodedBytes
        }
    }

    /// Checks magic, length, CRC32C and that the records fill the batch exactly, and copies it.
    /// - Returns: nil when anything is wrong; bytes from disk or from a peer are never trusted.
    package static func validating(_ bytes: UnsafeRawBufferPointer) -> LogBatch? {
        guard isValid(bytes), let copy = malloc(bytes.count), let base = bytes.baseAddress else { return nil }
        copy.copyMemory(from: base, byteCount: bytes.count)
        return LogBatch(adopting: copy, length: bytes.count)
    }

    /// The length a header claims, or nil if these bytes do not start a batch. Needs 8 readable bytes.
    /// - Parameter isFile: the bytes are a segment's, where a batch may have either magic.
    package static func claimedLength(_ bytes: UnsafeRawBufferPointer, isFile: Bool = false) -> Int? {
        guard bytes.count >= 8, field32(bytes, 0) == magic || isFile && field32(bytes, 0) == unsyncedMagic else {
            return nil
        }
        let length = Int(field32(bytes, 4))
        guard length >= headerBytes, length <= StorageLimits.batchBytesHardMax, length % 8 == 0 else { return nil }
        return length
    }

    /// Whether `bytes` is exactly one whole, undamaged batch.
    package static func isValid(_ bytes: UnsafeRawBufferPointer, isFile: Bool = false) -> Bool {
        guard let length = claimedLength(bytes, isFile: isFile), length == bytes.count, bytes.count >= headerBytes,
            field32(bytes, 8) == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[12...]))
        else { return false }
        var offset = headerBytes
        let count = Int(field32(bytes, 12))
        guard count > 0, field64(bytes, 24) < sequenceMax, field64(bytes, 48) < sequenceMax else { return false }
        for _ in 0..<count {
            guard let record = LogRecord.decode(bytes, at: offset) else { return false }
            offset += record.encodedBytes
        }
        return (offset + 7) & ~7 == length
    }

    /// Sums of a sequence and a skip stay far from overflow.
    private static let sequenceMax: UInt64 = 1 << 62

    /// The sequences a batch with this header takes.
    package static func sequences(_ header: UnsafeRawBufferPointer) -> UInt64 {
        UInt64(field32(header, 12)) + field64(header, 48)
    }

    @inline(__always)
    package static func field32(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    package static func field64(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
