import Model

/// The writes that are queued and not sealed yet, with an index of their keys. Owned by `WritePipeline`, guarded by the
/// store's lock.
struct OpenBatch: ~Copyable {
    var builder = BatchBuilder()
    private var index = KeyIndex()
    /// Of the batch being built. Numbers only order waiting; they are not on disk.
    private(set) var number: UInt64 = 1

    @inline(__always) var isEmpty: Bool { builder.isEmpty }
    /// Bytes so far, header included.
    @inline(__always) var length: Int { builder.length }
    /// Records so far.
    @inline(__always) var count: Int { builder.count }

    @inline(__always)
    mutating func append(_ record: LogRecord) { builder.append(record) }

    /// The newest record of the key, borrowed until the next `append`; nil when there is none.
    @inline(__always)
    mutating func find(_ key: UnsafeRawBufferPointer, hash: UInt32) -> (record: LogRecord, ordinal: Int)? {
        index.find(key, hash: hash, in: builder.bytes)
    }

    /// Completes the batch, which is in flight from here on, and opens the next one.
    mutating func seal(
        into inFlight: inout BatchInFlight,
        term: UInt64,
        firstSequence: UInt64,
        commitSequence: UInt64
    ) -> LogBatch {
        let batch = builder.seal(
            term: term,
            firstSequence: firstSequence,
            commitSequence: commitSequence,
            wallTime: Clock.wallMilliseconds()
        )
        inFlight.begin(batch, index: &index)
        index.reset()
        number += 1
        return batch
    }

    /// Forgets what was queued and opens the next batch.
    /// - Returns: the number of the one that is gone.
    mutating func discard() -> UInt64 {
        builder.discard()
        index.reset()
        number += 1
        return number - 1
    }
}

/// The batch that is being written or waits for replicas: one at a time. Owned by `WritePipeline`, guarded by the store's
/// lock.
struct BatchInFlight: ~Copyable {
    private(set) var batch: LogBatch?
    private var index = KeyIndex()
    /// Whether it is on this node's disk, and since when, in monotonic nanoseconds.
    private(set) var isDurable = false
    private(set) var durableAt: UInt64 = 0

    /// - Parameter index: of the batch's keys; the one of the batch before comes back in its place.
    mutating func begin(_ batch: LogBatch, index: inout KeyIndex) {
        self.batch = batch
        swap(&index, &self.index)
    }

    /// The newest record of the key, borrowed from the batch; nil when there is none.
    @inline(__always)
    mutating func find(_ key: UnsafeRawBufferPointer, hash: UInt32) -> (sequence: UInt64, record: LogRecord)? {
        guard let batch, let found = index.find(key, hash: hash, in: batch.bytes) else { return nil }
        return (batch.firstSequence + UInt64(found.ordinal), found.record)
    }

    mutating func noteDurable(at nanoseconds: UInt64) {
        isDurable = true
        durableAt = nanoseconds
    }

    mutating func end() {
        batch = nil
        isDurable = false
    }
}
