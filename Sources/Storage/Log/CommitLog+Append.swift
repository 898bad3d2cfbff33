import Glibc
import Model

extension CommitLog {
    /// Appends a batch with one write. It is durable after the next `sync`.
    ///
    /// One that is appended before the batch before it was synced says so in the file: a disk that loses power may keep it
    /// and lose the other, which is no damage then.
    /// - Throws: `.outOfRange` when the batch does not follow `end`, `.diskFull` with nothing written, `.closed` after
    ///   an earlier failure.
    package func append(_ batch: LogBatch) throws(StorageError) {
        try writer.withLock { () throws(StorageError) in
            let (segment, end) = try writable()
            guard batch.firstSequence == end.sequence + 1, batch.term >= end.term else {
                throw StorageError(
                    .outOfRange,
                    "batch at \(batch.term)-\(batch.firstSequence) does not follow the log's end \(end)"
                )
            }
            var offset = segment.bytes
            // A program that knows only the older format would take new records in it for a torn tail, and cut them.
            if offset + batch.bytes.count > segment.capacity || segment.formatVersion < LogSegment.version {
                try rollOver(for: batch.bytes.count)
                offset = LogSegment.headerBytes
            }
            do throws(StorageError) {
                if isSynced(end) || offset == LogSegment.headerBytes {
                    try active.write(batch.bytes, at: offset)
                } else {
                    try active.write(batch.bytes, head: LogBatch.unsyncedMagic, at: offset)
                }
            } catch {
                // Half a batch at the end is what the next append overwrites and what recovery cuts.
                if error.code != .diskFull { poison(error) }
                throw error
            }
            state.withLock {
                if batch.term > end.term { terms.append(Position(term: batch.term, sequence: batch.firstSequence)) }
                commitSequence = max(commitSequence, batch.commitSequence)
                segments[segments.count - 1].extend(
                    firstSequence: batch.firstSequence,
                    end: batch.end,
                    length: batch.bytes.count
                )
            }
        }
    }

    /// Makes everything appended durable: fdatasync, or nothing with `os` durability.
    ///
    /// A failure is final: the log takes no more writes, since the kernel may already have dropped the pages.
    package func sync() throws(StorageError) {
        try writer.withLock { () throws(StorageError) in
            _ = try writable()
            try syncActive()
        }
    }

    private func isSynced(_ end: Position) -> Bool { state.withLock { synced == end } }

    /// Whether `bytes` more can be appended; false when the segment is full and the disk has no room for another.
    package func hasRoom(for bytes: Int) -> Bool {
        let (left, failed) = state.withLock {
            (segments[segments.count - 1].capacity - segments[segments.count - 1].bytes, failure != nil)
        }
        if failed { return false }
        if bytes <= left { return true }
        let whole = bytes + LogSegment.headerBytes
        if whole <= options.segmentBytes { return spares.hasRoom }
        return spares.lastFailure == nil && folder.freeBytes() >= whole
    }

    /// Why the disk could not take another segment, nil when all is well.
    package var roomFailure: StorageError? { spares.lastFailure }

    /// The active segment and the log's end, unless the log has failed. Under `writer`.
    func writable() throws(StorageError) -> (LogSegment, Position) {
        try state.withLock { () throws(StorageError) in
            if let failure { throw failure }
            let last = segments[segments.count - 1]
            return (last, last.end)
        }
    }

    /// Remembers why no write may follow.
    func poison(_ error: StorageError) {
        state.withLock {
            if failure == nil { failure = StorageError(.closed, "the log takes no more writes: \(error.message)") }
        }
    }

    private func syncActive() throws(StorageError) {
        let (end, pending) = state.withLock { (segments[segments.count - 1].end, synced) }
        guard end != pending else { return }
        if options.durability == .fsync {
            do throws(StorageError) {
                try active.sync()
            } catch {
                poison(error)
                throw error
            }
        }
        state.withLock { synced = end }
    }

    /// Starts the next segment. The old one is synced first, so a later segment proves the earlier ones whole.
    private func rollOver(for bytes: Int) throws(StorageError) {
        try syncActive()
        let last = state.withLock { segments[segments.count - 1] }
        let (file, segment) = try prepare(after: last, bytes: bytes + LogSegment.headerBytes)
        do throws(StorageError) {
            try folder.rename(file.path, to: segment.path)
            try folder.sync()
        } catch {
            unlink(file.path)
            poison(error)
            throw error
        }
        active = LogFile(file, renamed: segment.path)
        state.withLock {
            // An empty one has the same name, and is replaced.
            if last.end == last.base { segments.removeLast() }
            segments.append(segment)
        }
    }

    /// A file that is ready to become the segment after `last`, under the name it was made under.
    /// - Throws: `.diskFull` whatever the reason, be it a full disk, no descriptor or a sync that fails: nothing of the log
    ///   has been touched, and the next try may do.
    private func prepare(after last: LogSegment, bytes: Int) throws(StorageError) -> (LogFile, LogSegment) {
        var made: String?
        do throws(StorageError) {
            let path = bytes > options.segmentBytes ? try spares.make(bytes: bytes) : try spares.take()
            made = path
            let file = try LogFile(path, writable: true)
            let segment = LogSegment(
                path: folder.segment(after: last.end),
                base: last.end,
                startOffset: last.endOffset,
                recycled: try CommitLog.isUsed(file),
                capacity: try file.size() & ~7
            )
            try CommitLog.writeHeader(of: segment, to: file, durability: options.durability)
            return (file, segment)
        } catch {
            if let made { unlink(made) }
            throw StorageError(.diskFull, error.message)
        }
    }

    /// Writes and syncs a segment's header page.
    static func writeHeader(of segment: LogSegment, to file: LogFile, durability: Durability) throws(StorageError) {
        let page = segment.header()
        // Typed throws do not pass through the array's own accessor.
        let result = page.withUnsafeBytes { bytes in
            Result { () throws(StorageError) in try file.write(bytes, at: 0) }
        }
        try result.get()
        if durability == .fsync { try file.sync() }
    }

    private static func isUsed(_ file: LogFile) throws(StorageError) -> Bool {
        let head = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        defer { head.deallocate() }
        guard try file.read(into: head, at: 0) == 8 else { return false }
        return LogBatch.field64(UnsafeRawBufferPointer(head), 0) != 0
    }
}
