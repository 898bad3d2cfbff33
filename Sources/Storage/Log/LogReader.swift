import Glibc
import Model

/// Reads batches in order from a position on, while the log is being written.
///
/// For one thread at a time (`@unchecked Sendable`: handed from thread to thread by its owner, never shared). It has a
/// descriptor of its own, and takes nothing for granted: a segment may be recycled under it.
package final class LogReader: @unchecked Sendable {
    private let log: CommitLog
    private var file: LogFile?
    private var offset = 0
    /// Bytes of log before the file's first byte, its header not counted.
    private var fileOffset: UInt64 = 0
    private var generation: UInt64
    /// The last record returned, or where the reader started.
    package private(set) var position: Position

    init(log: CommitLog, after position: Position, generation: UInt64) {
        self.log = log
        self.position = position
        self.generation = generation
    }

    /// Bytes of log before the next batch; 0 before the first one was read.
    package var logOffset: UInt64 {
        file == nil ? 0 : fileOffset + UInt64(max(0, offset - LogSegment.headerBytes))
    }

    /// What the log says about the next read.
    private struct Target {
        var segment: LogSegment
        var generation: UInt64
    }

    /// The next batch, nil at the log's end (call again after an append).
    ///
    /// The first batch may begin before the start position if that lies within a batch.
    /// - Throws: `.outOfRange` when the record after `position` was cut or the tail it stood on was truncated,
    ///   `.corrupt` naming segment and byte offset when the bytes are damaged.
    package func next() throws(StorageError) -> LogBatch? {
        guard let target = try target() else { return nil }
        let segment = target.segment
        if file?.path != segment.path || generation != target.generation {
            guard let opened = try? LogFile(segment.path) else { throw vanished() }
            file = opened
            fileOffset = segment.startOffset
            offset = segment.offset(near: position.sequence + 1)
            generation = target.generation
        }
        guard let file else { return nil }
        while true {
            guard let header = try header(of: file, limit: segment.bytes) else { throw try damage(segment) }
            if header.first + header.sequences > position.sequence + 1 {
                guard header.first <= position.sequence + 1, let batch = try load(file, length: header.length) else {
                    throw try damage(segment)
                }
                offset += header.length
                position = batch.end
                return batch
            }
            offset += header.length
        }
    }

    private func target() throws(StorageError) -> Target? {
        try log.state.withLock { () throws(StorageError) in
            switch log.judge(position) {
            case .retained: break
            case .cutOff: throw vanished()
            case .ahead, .diverged:
                throw StorageError(.outOfRange, "the log was truncated below \(position), where a reader stood")
            }
            guard let segment = log.segment(holding: position.sequence + 1) else { return nil }
            return Target(segment: segment, generation: log.generation)
        }
    }

    private func header(
        of file: LogFile,
        limit: Int
    ) throws(StorageError) -> (length: Int, first: UInt64, sequences: UInt64)? {
        var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
        let outcome = withUnsafeMutableBytes(of: &words) { words in
            Result { () throws(StorageError) -> (Int, UInt64, UInt64)? in
                guard try file.read(into: words, at: offset) == words.count else { return nil }
                let bytes = UnsafeRawBufferPointer(words)
                guard let length = LogBatch.claimedLength(bytes, isFile: true), offset + length <= limit else {
                    return nil
                }
                let first = LogBatch.field64(bytes, 24)
                let skip = LogBatch.field64(bytes, 48)
                return max(first, skip) > UInt64.max / 4 ? nil : (length, first, LogBatch.sequences(bytes))
            }
        }
        guard let found = try outcome.get() else { return nil }
        return (found.0, found.1, found.2)
    }

    private func load(_ file: LogFile, length: Int) throws(StorageError) -> LogBatch? {
        guard let memory = malloc(length) else {
            throw StorageError(.io, "out of memory for a batch of \(length) bytes")
        }
        let buffer = UnsafeMutableRawBufferPointer(start: memory, count: length)
        do throws(StorageError) {
            if try file.read(into: buffer, at: offset) == length,
                LogBatch.isValid(UnsafeRawBufferPointer(buffer), isFile: true)
            {
                // Only files tell which batches were synced together.
                memory.storeBytes(of: LogBatch.magic.littleEndian, as: UInt32.self)
                return LogBatch(adopting: memory, length: length)
            }
        } catch {
            free(memory)
            throw error
        }
        free(memory)
        return nil
    }

    /// Bytes that make no sense are the fault of a recycling or truncation since, or else damage.
    private func damage(_ segment: LogSegment) throws(StorageError) -> StorageError {
        let place = offset
        file = nil
        guard let now = try target(), now.generation == generation, now.segment.path == segment.path else {
            return vanished()
        }
        return StorageError(
            .corrupt,
            "log segment \(segment.path) is damaged at byte offset \(place), after record \(position)"
        )
    }

    private func vanished() -> StorageError {
        StorageError(.outOfRange, "the log no longer holds the record after \(position)")
    }
}

extension CommitLog {
    /// A reader of the records after `position`.
    /// - Throws: `.outOfRange` when the log does not hold `position`; `relation(of:)` tells why.
    package func makeReader(after position: Position) throws(StorageError) -> LogReader {
        try state.withLock { () throws(StorageError) in
            let why =
                switch judge(position) {
                case .retained: ""
                case .cutOff: "the log begins after \(segments[0].base)"
                case .ahead: "the log ends at \(segments[segments.count - 1].end)"
                case .diverged: "that record has another term here, the histories differ"
                }
            guard why.isEmpty else { throw StorageError(.outOfRange, "cannot read after \(position): \(why)") }
            return LogReader(log: self, after: position, generation: generation)
        }
    }
}
