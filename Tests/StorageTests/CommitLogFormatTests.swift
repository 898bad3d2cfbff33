import Model
import Storage
import Testing

/// Format version 2 of the log: sequences that are skipped, and segments of version 1.
@Suite struct CommitLogFormatTests {
    private static func jump(after end: Position, term: UInt64 = 1, skip: UInt64) -> LogBatch {
        var builder = BatchBuilder()
        builder.append(LogRecord(kind: .jump, slot: 0, key: UnsafeRawBufferPointer(start: nil, count: 0)))
        builder.skip(skip)
        return builder.seal(term: term, firstSequence: end.sequence + 1, commitSequence: end.sequence, wallTime: 1)
    }

    @Test func skippedSequencesAreTakenAndFollowed() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        let first = try LogFixture.fill(log, batches: 2)
        try log.append(CommitLogFormatTests.jump(after: log.end, term: 2, skip: 1_000_000))
        let jumped = log.end
        #expect(jumped == Position(term: 2, sequence: first[1].sequence + 1_000_001))
        let last = try LogFixture.fill(log, batches: 300, term: 2)
        #expect(log.segmentCount > 2 && last[0].sequence == jumped.sequence + 3)
        log.close()
        let again = try fixture.open()
        defer { again.close() }
        #expect(again.end == last.last && again.recovered.tornBytes == 0)
        #expect(again.recovered.records == 302 * 3 + 1)
        #expect(try LogFixture.positions(again) == first + [jumped] + last)
        // A place among the skipped ones is in the batch that skips them.
        let within = Position(term: 2, sequence: jumped.sequence - 5)
        #expect(try LogFixture.positions(again, after: within).first == jumped)
        #expect(again.term(at: within.sequence) == 2 && again.offset(ofSequence: within.sequence) != nil)
        #expect(try LogFixture.positions(again, after: jumped) == last)
    }

    @Test func aTailOfSkippedSequencesIsCutAsAWhole() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        let kept = try LogFixture.fill(log, batches: 2)[1]
        try log.append(CommitLogFormatTests.jump(after: kept, skip: 500))
        let within = Position(term: 1, sequence: kept.sequence + 100)
        #expect(throws: StorageError.self) { try log.truncate(after: within) }
        #expect(log.end.sequence == kept.sequence + 501)
        try log.truncate(after: kept)
        #expect(log.end == kept)
        try log.append(CommitLogFormatTests.jump(after: kept, term: 3, skip: 7))
        log.close()
        let again = try fixture.open()
        defer { again.close() }
        #expect(again.end == Position(term: 3, sequence: kept.sequence + 8))
    }

    @Test func anAbsurdSkipIsNoBatch() throws {
        let end = Position(term: 1, sequence: 5)
        let batch = CommitLogFormatTests.jump(after: end, skip: (1 << 62) - 1)
        #expect(LogBatch.validating(batch.bytes)?.sequences == 1 << 62)
        let absurd = CommitLogFormatTests.jump(after: end, skip: 1 << 62)
        #expect(LogBatch.validating(absurd.bytes) == nil)
    }

    private static func setVersion(_ version: UInt8, of path: String) throws {
        try LogFixture.edit(path) { bytes in
            bytes[8] = version
            let crc = bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<40])) }
            for index in 0..<4 { bytes[40 + index] = UInt8(truncatingIfNeeded: crc >> (8 * UInt32(index))) }
        }
    }

    private static func version(of path: String) throws -> UInt8 {
        var version: UInt8 = 0
        try LogFixture.edit(path) { version = $0[8] }
        return version
    }

    /// A program of version 1 would take a batch of version 2 for a torn one: it must not find any where it looks.
    @Test(arguments: [0, 3]) func aSegmentOfVersion1IsReadAndNotWrittenTo(batches: Int) throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        let written = try LogFixture.fill(log, batches: batches)
        log.close()
        let old = try fixture.segments[0]
        try CommitLogFormatTests.setVersion(1, of: old)
        let next = try fixture.open()
        #expect(try LogFixture.positions(next) == written)
        let added = try LogFixture.fill(next, batches: 2)
        #expect(next.segmentCount == (batches == 0 ? 1 : 2))
        #expect(try LogFixture.positions(next) == written + added)
        next.close()
        #expect(try fixture.segments.map(CommitLogFormatTests.version) == (batches == 0 ? [3] : [1, 3]))
        let again = try fixture.open()
        defer { again.close() }
        #expect(try LogFixture.positions(again) == written + added)
    }

    @Test func aSegmentOfAVersionToComeIsLeftAlone() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        try LogFixture.fill(log, batches: 3)
        log.close()
        try CommitLogFormatTests.setVersion(4, of: try fixture.segments[0])
        let error = #expect(throws: StorageError.self) { try fixture.open() }
        #expect(error?.code == .foreignFolder)
        #expect(try CommitLogFormatTests.version(of: try fixture.segments[0]) == 4)
    }
}
