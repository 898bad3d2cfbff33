import Glibc
import Model

/// A shard's commit log: write-ahead log and replication log at once (docs/storage-format.md).
///
/// One thread at a time appends, syncs, truncates and resets (`writer` makes sure of it); readers, `cut`, pins and the
/// properties may be used from any thread.
///
/// `@unchecked Sendable`: `writer` guards `active` and the writing itself; `upkeep` guards removal of segments and is
/// taken after `writer`; `state` guards everything else below it, is taken last and never held during I/O.
package final class CommitLog: @unchecked Sendable {
    /// How the log is kept.
    package struct Options: Sendable {
        /// Size of a segment file, header included.
        package var segmentBytes: Int
        package var durability: Durability
        /// Segment files kept ready for the next roll-over; 0 makes them when needed, without a thread.
        package var spareSegments: Int
        /// Fills a new file (descriptor, bytes) with zeros and returns an errno or 0. Replaced in tests of a full disk.
        package var allocate: @Sendable (Int32, Int) -> Int32

        package init(
            segmentBytes: Int = 64 << 20,
            durability: Durability = .fsync,
            spareSegments: Int = 1,
            allocate: @escaping @Sendable (Int32, Int) -> Int32 = CommitLog.writeZeros
        ) {
            self.segmentBytes = max(segmentBytes & ~7, 2 * LogSegment.headerBytes)
            self.durability = durability
            self.spareSegments = spareSegments
            self.allocate = allocate
        }
    }

    let folder: LogFolder
    let options: Options
    let spares: SpareSegments

    let writer = LogMutex()
    var active: LogFile
    let upkeep = LogMutex()

    let state = LogMutex()
    /// Ascending; never empty; the last one is written to.
    var segments: [LogSegment]
    /// Where each term begins, ascending, the first at `start`.
    var terms: [Position]
    var synced: Position
    var commitSequence: UInt64
    var pins: [UInt64: UInt64] = [:]
    private var nextPin: UInt64 = 1
    /// Rises when something is cut off the tail, so that readers look again.
    var generation: UInt64 = 0
    /// Why the log takes no more writes.
    var failure: StorageError?

    /// What `open` found, for a line in the program's log.
    package let recovered: RecoveryReport

    init(folder: LogFolder, options: Options, spares: SpareSegments, active: LogFile, recovery: LogRecovery) {
        self.folder = folder
        self.options = options
        self.spares = spares
        self.active = active
        segments = recovery.segments
        terms = recovery.terms
        synced = recovery.end
        commitSequence = recovery.commitSequence
        recovered = recovery.report
    }

    deinit { close() }

    /// The position before the first retained record; a reader may start after it.
    package var start: Position { state.withLock { segments[0].base } }
    /// The last appended record; equals `start` when the log is empty.
    package var end: Position { state.withLock { segments[segments.count - 1].end } }
    /// The last record known to be durable, in the sense of the log's durability.
    package var syncedEnd: Position { state.withLock { synced } }
    /// Bytes ever appended to this log (less what was truncated); survives reopening and cutting.
    package var endOffset: UInt64 { state.withLock { segments[segments.count - 1].endOffset } }
    /// The highest commit sequence a batch header has told of, at least `start` (only committed records are cut).
    package var lastCommitSequence: UInt64 { state.withLock { max(commitSequence, segments[0].base.sequence) } }
    /// Segment files in use, spares not counted.
    package var segmentCount: Int { state.withLock { segments.count } }
    /// Bytes of the batches that are kept, and the files that they are in.
    package var size: (bytes: UInt64, segments: Int) {
        state.withLock { (segments[segments.count - 1].endOffset - segments[0].startOffset, segments.count) }
    }
    /// Why the log takes no more writes, nil while it does.
    package var poisoned: StorageError? { state.withLock { failure } }

    /// Bytes of log before the record, good to about 64 KiB; nil when it is not in the log (nor right after it).
    package func offset(ofSequence sequence: UInt64) -> UInt64? {
        state.withLock {
            let last = segments[segments.count - 1]
            if sequence == last.end.sequence + 1 { return last.endOffset }
            guard let segment = segment(holding: sequence) else { return nil }
            return segment.startOffset + UInt64(segment.offset(near: sequence) - LogSegment.headerBytes)
        }
    }

    /// The term of the record, nil when the log does not know (it does for `start` itself).
    package func term(at sequence: UInt64) -> UInt64? { state.withLock { knownTerm(at: sequence) } }

    /// How a position relates to this log.
    package enum Relation: Sendable {
        /// A reader may start after it.
        case retained
        /// Before `start`: a snapshot is needed.
        case cutOff
        /// Beyond `end`.
        case ahead
        /// The record of that sequence has another term: the histories differ.
        case diverged
    }

    /// The position before the first segment that begins at or after this byte offset; the last segment's if none.
    package func segmentBase(atOrAfter offset: UInt64) -> Position {
        state.withLock {
            var begin: UInt64 = 0
            for segment in segments {
                if begin >= offset { return segment.base }
                begin = segment.endOffset
            }
            return segments[segments.count - 1].base
        }
    }

    /// The log's terms: the position before the first retained record, then each later term with its first sequence,
    /// then the end.
    package func history() -> (base: Position, starts: [Position], end: Position) {
        state.withLock {
            let base = segments[0].base
            return (base, terms.filter { $0.sequence > base.sequence }, segments[segments.count - 1].end)
        }
    }

    /// Whether and why not a reader could start after `position`.
    package func relation(of position: Position) -> Relation { state.withLock { judge(position) } }

    /// Keeps records from `sequence` on from being cut, until `unpin`.
    package func pin(_ sequence: UInt64) -> UInt64 {
        state.withLock {
            defer { nextPin += 1 }
            pins[nextPin] = sequence
            return nextPin
        }
    }

    /// Moves a pin forward (or back, with no promise that the records are still there).
    package func movePin(_ token: UInt64, to sequence: UInt64) {
        state.withLock { if pins[token] != nil { pins[token] = sequence } }
    }

    /// Releases a pin; a token released before is ignored.
    package func unpin(_ token: UInt64) { state.withLock { _ = pins.removeValue(forKey: token) } }

    /// Stops the log's thread and refuses further writes. Readers may read on. Does not sync.
    package func close() {
        spares.stop()
        state.withLock { if failure == nil { failure = StorageError(.closed, "the log in \(folder.path) is closed") } }
    }

    /// With `state` held: the segment that holds the record.
    func segment(holding sequence: UInt64) -> LogSegment? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].base.sequence < sequence { low = middle + 1 } else { high = middle }
        }
        guard low > 0, segments[low - 1].end.sequence >= sequence else { return nil }
        return segments[low - 1]
    }

    /// With `state` held.
    func judge(_ position: Position) -> Relation {
        if position.sequence < segments[0].base.sequence { return .cutOff }
        guard let term = knownTerm(at: position.sequence) else { return .ahead }
        return term == position.term ? .retained : .diverged
    }

    private func knownTerm(at sequence: UInt64) -> UInt64? {
        guard sequence >= segments[0].base.sequence, sequence <= segments[segments.count - 1].end.sequence else {
            return nil
        }
        return terms.last { $0.sequence <= sequence }?.term
    }

    /// The usual way to fill a new file: real zeros, since a merely reserved extent is journaled when first written.
    package static let writeZeros: @Sendable (Int32, Int) -> Int32 = { descriptor, bytes in
        // Reserving first makes a full disk known before 64 MiB are written in vain.
        let reserved = posix_fallocate(descriptor, 0, bytes)
        if reserved != 0, reserved != EOPNOTSUPP { return reserved }
        guard let zeros = calloc(1, LogFile.zeroChunk) else { return ENOMEM }
        defer { free(zeros) }
        var offset = 0
        while offset < bytes {
            let count = pwrite(descriptor, zeros, min(LogFile.zeroChunk, bytes - offset), offset)
            if count > 0 { offset += count } else if errno != EINTR { return errno }
        }
        return 0
    }
}
