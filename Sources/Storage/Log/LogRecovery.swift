import Glibc
import Model

/// The scan of a log folder at open: what is whole, where it ends, and whether something is missing in between.
struct LogRecovery {
    private(set) var segments: [LogSegment] = []
    private(set) var terms: [Position] = []
    private(set) var commitSequence: UInt64 = 0
    private(set) var report = RecoveryReport()
    /// Where in the last segment an unfinished batch stands; empty when the log ends cleanly.
    private(set) var torn = 0..<0

    /// The log's last record.
    var end: Position { segments.last?.end ?? .zero }

    /// Takes note that the last segment file was filled up.
    mutating func setLastCapacity(_ bytes: Int) { segments[segments.count - 1].capacity = bytes }

    /// Reads all segment files, in order of their names.
    init(paths: [(path: String, first: UInt64)], progress: (Double) -> Void) throws(StorageError) {
        for (number, entry) in paths.enumerated() {
            let file = try LogFile(entry.path)
            let size = try file.size()
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 8), alignment: 8)
            defer { memory.deallocate() }
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<size]), at: 0)
            let bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
            try scan(bytes, path: entry.path, first: entry.first, isLast: number == paths.count - 1)
            progress(Double(number + 1) / Double(paths.count))
        }
    }

    private mutating func scan(
        _ bytes: UnsafeRawBufferPointer,
        path: String,
        first: UInt64,
        isLast: Bool
    ) throws(StorageError) {
        var segment = try LogSegment.reading(bytes, path: path)
        try check(segment, first: first)
        if terms.isEmpty { terms = [segment.base] }
        while let batch = LogRecovery.batch(bytes, at: segment.bytes),
            LogBatch.field64(batch, 24) == segment.end.sequence + 1, LogBatch.field64(batch, 16) >= segment.end.term
        {
            take(batch, in: &segment)
        }
        if isLast {
            let beyond = LogRecovery.liveBatches(bytes, from: segment.bytes, sequence: segment.end.sequence + 1)
            if let beyond = beyond.afterSync {
                throw StorageError(
                    .corrupt,
                    "log segment \(path) is damaged at byte offset \(segment.bytes), after record \(segment.end): "
                        + "a whole batch follows at byte offset \(beyond). Restore the folder or take a new copy"
                )
            }
            let range = LogRecovery.tornRange(bytes, segment)
            torn = range.lowerBound..<max(range.upperBound, beyond.end)
            report.tornBytes = torn.count
            report.segment = path
            report.offset = segment.bytes
        }
        segments.append(segment)
    }

    private func check(_ segment: LogSegment, first: UInt64) throws(StorageError) {
        guard segment.base.sequence + 1 == first else {
            throw StorageError(
                .corrupt,
                "log segment \(segment.path) says in its header (byte offset 0) that it begins at \(segment.base.sequence + 1)"
            )
        }
        guard let last = segments.last, last.end != segment.base || last.endOffset != segment.startOffset else {
            return
        }
        throw StorageError(
            .corrupt,
            "log segment \(last.path) is damaged at byte offset \(last.bytes), or a segment after it is missing: "
                + "it ends at \(last.end), but \(segment.path) continues from \(segment.base)"
        )
    }

    private mutating func take(_ batch: UnsafeRawBufferPointer, in segment: inout LogSegment) {
        let term = LogBatch.field64(batch, 16)
        let first = LogBatch.field64(batch, 24)
        let count = Int(LogBatch.field32(batch, 12))
        if term > segment.end.term { terms.append(Position(term: term, sequence: first)) }
        commitSequence = max(commitSequence, LogBatch.field64(batch, 32))
        report.batches += 1
        report.records += count
        let end = Position(term: term, sequence: first + LogBatch.sequences(batch) - 1)
        segment.extend(firstSequence: first, end: end, length: batch.count)
    }

    /// The whole, undamaged batch at `offset`, if there is one.
    private static func batch(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UnsafeRawBufferPointer? {
        guard bytes.count - offset >= LogBatch.headerBytes,
            let length = LogBatch.claimedLength(UnsafeRawBufferPointer(rebasing: bytes[offset...]), isFile: true),
            length <= bytes.count - offset
        else { return nil }
        let batch = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
        return LogBatch.isValid(batch, isFile: true) ? batch : nil
    }

    /// Looks for whole batches with `sequence` or a higher one at or after `start`; stale ones are all lower.
    ///
    /// Those that were written together with the one that is missing prove nothing: no sync came between, and the disk may
    /// have kept any of them. One that was written after a sync proves that the missing one was on the disk.
    /// - Returns: where the first of the latter stands, and where the last of the former ends (`start` if there is none).
    private static func liveBatches(
        _ bytes: UnsafeRawBufferPointer,
        from start: Int,
        sequence: UInt64
    ) -> (afterSync: Int?, end: Int) {
        var offset = start
        var end = start
        while bytes.count - offset >= LogBatch.headerBytes {
            let magic = LogBatch.field32(bytes, offset)
            if magic == LogBatch.magic || magic == LogBatch.unsyncedMagic,
                LogBatch.field64(bytes, offset + 24) >= sequence, let batch = batch(bytes, at: offset)
            {
                if magic == LogBatch.magic { return (offset, end) }
                offset += batch.count
                end = offset
            } else {
                offset += 8
            }
        }
        return (nil, end)
    }

    /// What an unfinished write left after the end. In a recycled segment only a batch's header tells it from old bytes.
    private static func tornRange(_ bytes: UnsafeRawBufferPointer, _ segment: LogSegment) -> Range<Int> {
        let start = segment.bytes
        guard segment.recycled else {
            var last = bytes.count
            while last > start, bytes[last - 1] == 0 { last -= 1 }
            return start..<last
        }
        guard bytes.count - start >= LogBatch.headerBytes,
            let length = LogBatch.claimedLength(UnsafeRawBufferPointer(rebasing: bytes[start...]), isFile: true),
            LogBatch.field64(bytes, start + 24) == segment.end.sequence + 1
        else { return start..<start }
        return start..<min(start + length, bytes.count)
    }
}
