import Model

/// What is known in memory of one segment file of the log. A plain value; the log guards it.
///
/// File: a header of 4096 bytes, little endian, then batches back to back, then zeros or (recycled) stale batches:
/// ```
///  0 magic "SHOALSEG"   8 format version u32   12 flags u32 (1: the file is recycled)
/// 16 term and 24 sequence of the record before the first, u64 each
/// 32 bytes of log before the first batch u64   40 CRC32C u32 of bytes 0..<40
/// ```
struct LogSegment {
    static let headerBytes = 4096
    static let magic: UInt64 = 0x4745_534C_414F_4853  // "SHOALSEG"
    static let version: UInt32 = 3
    /// Version 2 does not tell which batches were synced together; version 1 has neither imports, nor ownership, nor
    /// skipped sequences.
    static let oldestVersion: UInt32 = 1
    /// One index entry per this many bytes of log: a reader's start reads at most this much in vain.
    static let indexStride = 64 << 10
    private static let checkedBytes = 40

    var path: String
    /// The position before the segment's first record.
    let base: Position
    /// Bytes of log before the segment's first batch.
    let startOffset: UInt64
    /// Whether stale batches of an earlier life may follow the live ones.
    let recycled: Bool
    /// The format its header tells.
    let formatVersion: UInt32
    var capacity: Int
    /// The last record, `base` while empty.
    var end: Position
    /// Where the next batch goes.
    var bytes = LogSegment.headerBytes
    /// First sequence and file offset of some batches, ascending.
    private(set) var index: [(sequence: UInt64, offset: Int)] = []

    init(
        path: String,
        base: Position,
        startOffset: UInt64,
        recycled: Bool,
        capacity: Int,
        formatVersion: UInt32 = LogSegment.version
    ) {
        self.formatVersion = formatVersion
        self.path = path
        self.base = base
        self.startOffset = startOffset
        self.recycled = recycled
        self.capacity = capacity
        end = base
    }

    /// Bytes of log before the segment's end.
    var endOffset: UInt64 { startOffset + UInt64(bytes - LogSegment.headerBytes) }

    /// Takes note of a batch written at `bytes`.
    @inline(__always)
    mutating func extend(firstSequence: UInt64, end: Position, length: Int) {
        if index.last.map({ bytes - $0.offset >= LogSegment.indexStride }) ?? true {
            index.append((firstSequence, bytes))
        }
        bytes += length
        self.end = end
    }

    /// Takes over another's index for the part before `offset`, where the record after `end` begins.
    mutating func adoptIndex(of other: LogSegment, upTo offset: Int, end: Position) {
        bytes = offset
        self.end = end
        index = other.index.filter { $0.offset < offset }
    }

    /// The offset of an indexed batch at or before the one that holds `sequence`.
    func offset(near sequence: UInt64) -> Int {
        var low = 0
        var high = index.count
        while low < high {
            let middle = (low + high) / 2
            if index[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? LogSegment.headerBytes : index[low - 1].offset
    }

    /// The header page.
    func header() -> [UInt8] {
        var page = [UInt8](repeating: 0, count: LogSegment.headerBytes)
        page.withUnsafeMutableBytes { page in
            page.storeBytes(of: LogSegment.magic.littleEndian, as: UInt64.self)
            page.storeBytes(of: LogSegment.version.littleEndian, toByteOffset: 8, as: UInt32.self)
            page.storeBytes(of: UInt32(recycled ? 1 : 0).littleEndian, toByteOffset: 12, as: UInt32.self)
            page.storeBytes(of: base.term.littleEndian, toByteOffset: 16, as: UInt64.self)
            page.storeBytes(of: base.sequence.littleEndian, toByteOffset: 24, as: UInt64.self)
            page.storeBytes(of: startOffset.littleEndian, toByteOffset: 32, as: UInt64.self)
            let crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: page[..<LogSegment.checkedBytes]))
            page.storeBytes(of: crc.littleEndian, toByteOffset: LogSegment.checkedBytes, as: UInt32.self)
        }
        return page
    }

    /// Reads the header of the file's contents.
    static func reading(_ bytes: UnsafeRawBufferPointer, path: String) throws(StorageError) -> LogSegment {
        guard bytes.count >= headerBytes else {
            throw StorageError(.corrupt, "log segment \(path) is cut off at byte offset \(bytes.count), in its header")
        }
        guard LogBatch.field64(bytes, 0) == magic,
            LogBatch.field32(bytes, checkedBytes)
                == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<checkedBytes]))
        else { throw StorageError(.corrupt, "log segment \(path) has a damaged header (byte offset 0)") }
        let version = LogBatch.field32(bytes, 8)
        guard (LogSegment.oldestVersion...LogSegment.version).contains(version) else {
            throw StorageError(
                .foreignFolder,
                "log segment \(path) has format version \(version), this program reads "
                    + "\(LogSegment.oldestVersion) to \(LogSegment.version)"
            )
        }
        return LogSegment(
            path: path,
            base: Position(term: LogBatch.field64(bytes, 16), sequence: LogBatch.field64(bytes, 24)),
            startOffset: LogBatch.field64(bytes, 32),
            recycled: LogBatch.field32(bytes, 12) & 1 == 1,
            capacity: bytes.count & ~7,
            formatVersion: version
        )
    }
}
