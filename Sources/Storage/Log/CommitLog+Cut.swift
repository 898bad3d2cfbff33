import Glibc
import Model

extension CommitLog {
    /// Recycles or removes the segments whose records are all below `sequence` and below every pin, oldest first.
    /// Call from any thread; appends go on meanwhile.
    ///
    /// - Parameter keepingBytes: so much of the log's end stays in any case, for replicas that were away.
    package func cut(below sequence: UInt64, keepingBytes: Int = 0) throws(StorageError) {
        try upkeep.withLock { () throws(StorageError) in
            let obsolete = state.withLock { () -> [LogSegment] in
                let bound = min(sequence, pins.values.min() ?? sequence)
                let end = segments[segments.count - 1].endOffset
                let floor = end > UInt64(keepingBytes) ? end - UInt64(keepingBytes) : 0
                let count = segments.dropLast().prefix { $0.end.sequence < bound && $0.endOffset <= floor }.count
                defer {
                    segments.removeFirst(count)
                    let term = terms.last { $0.sequence <= segments[0].base.sequence }?.term ?? segments[0].base.term
                    let base = segments[0].base.sequence
                    terms = [Position(term: term, sequence: base)] + terms.filter { $0.sequence > base }
                }
                return Array(segments.prefix(count))
            }
            // Each for itself: one that stays while a later one is gone would be a gap.
            for segment in obsolete { try spares.recycle(segment.path, bytes: segment.capacity) }
        }
    }

    /// Cuts everything after `position`, which must be the end of a batch: a tail that diverged from the leader's.
    ///
    /// Durable on return. Whatever a crash leaves is a log that ends at `position` or later, without a hole.
    /// - Throws: `.outOfRange` when the log has no batch that ends at `position`; nothing was cut then.
    package func truncate(after position: Position) throws(StorageError) {
        try writer.withLock { () throws(StorageError) in
            try upkeep.withLock { () throws(StorageError) in
                let (_, end) = try writable()
                if position == end { return }
                let (relation, found) = state.withLock {
                    (judge(position), segments.lastIndex { $0.base.sequence <= position.sequence })
                }
                guard relation == .retained, let index = found else {
                    throw StorageError(
                        .outOfRange,
                        "cannot truncate after \(position): not in the log, which ends at \(end)"
                    )
                }
                let segment = state.withLock { segments[index] }
                let offset = try boundary(in: segment, after: position)
                do throws(StorageError) {
                    try rewrite(segment, keeping: offset, end: position, index: index)
                } catch {
                    if error.code != .diskFull { poison(error) }
                    throw error
                }
            }
        }
    }

    /// Empties the log so that its next record follows `position`: after a snapshot was taken over.
    ///
    /// All or nothing across a crash, once the new segment is prepared. Pins are kept, readers end with `.outOfRange`.
    package func reset(to position: Position) throws(StorageError) {
        try writer.withLock { () throws(StorageError) in
            try upkeep.withLock { () throws(StorageError) in
                let (last, _) = try writable()
                try CommitLog.create(
                    folder,
                    spares,
                    options,
                    name: LogFolder.pendingReset,
                    base: position,
                    startOffset: last.endOffset
                )
                do throws(StorageError) {
                    // Their stale batches may have sequences above the new start.
                    try spares.removeAll()
                    try CommitLog.finishReset(folder, withSpares: false)
                    let path = folder.segment(after: position)
                    active = try LogFile(path, writable: true)
                    let empty = LogSegment(
                        path: path,
                        base: position,
                        startOffset: last.endOffset,
                        recycled: false,
                        capacity: options.segmentBytes
                    )
                    state.withLock {
                        segments = [empty]
                        terms = [position]
                        synced = position
                        commitSequence = position.sequence
                        generation += 1
                    }
                } catch {
                    poison(error)
                    throw error
                }
            }
        }
    }

    /// The file offset at which the batch that ends at `position` ends.
    private func boundary(in segment: LogSegment, after position: Position) throws(StorageError) -> Int {
        if segment.base == position { return LogSegment.headerBytes }
        let reader = try makeReader(after: segment.base)
        var offset = LogSegment.headerBytes
        while reader.position.sequence < position.sequence, let batch = try reader.next() {
            offset += batch.bytes.count
        }
        guard reader.position == position else {
            throw StorageError(.outOfRange, "cannot truncate after \(position): it lies within a batch")
        }
        return offset
    }

    /// Replaces `segment` with a zeroed copy of its kept part and drops the later ones.
    ///
    /// Zeroing in place could leave, after a crash, a hole with whole batches after it.
    private func rewrite(_ segment: LogSegment, keeping offset: Int, end: Position, index: Int) throws(StorageError) {
        let made = try spares.make(bytes: segment.capacity)
        do throws(StorageError) {
            var kept = LogSegment(
                path: segment.path,
                base: segment.base,
                startOffset: segment.startOffset,
                recycled: false,
                capacity: segment.capacity
            )
            let file = try LogFile(made, writable: true)
            let source = try LogFile(segment.path)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: offset, alignment: 8)
            defer { memory.deallocate() }
            guard try source.read(into: memory, at: 0) == offset else {
                throw LogFile.failure("read", segment.path, EIO)
            }
            try file.write(UnsafeRawBufferPointer(memory), at: 0)
            try CommitLog.writeHeader(of: kept, to: file, durability: options.durability)
            let later = state.withLock { Array(segments[(index + 1)...]) }
            // Each for itself: one that is gone while a later one stays would be a gap.
            for next in later.reversed() {
                try folder.remove(next.path)
                try folder.sync()
            }
            try folder.rename(made, to: segment.path)
            try folder.sync()
            active = try LogFile(segment.path, writable: true)
            kept.adoptIndex(of: segment, upTo: offset, end: end)
            state.withLock {
                segments.removeSubrange(index...)
                segments.append(kept)
                terms.removeAll { $0.sequence > end.sequence }
                synced = min(synced.sequence, end.sequence) == end.sequence ? end : synced
                commitSequence = min(commitSequence, end.sequence)
                generation += 1
            }
        } catch {
            unlink(made)
            throw error
        }
    }
}
