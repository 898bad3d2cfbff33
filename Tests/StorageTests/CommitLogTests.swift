import Foundation
import Model
import Storage
import Testing

/// A log in a folder of its own, with batches that can be told apart.
struct LogFixture {
    let folder = NSTemporaryDirectory() + "shoal-log-" + UUID().uuidString
    var options = CommitLog.Options(segmentBytes: 64 << 10, durability: .os, spareSegments: 1)

    func open(_ other: String? = nil) throws -> CommitLog {
        try CommitLog.open(folder: other ?? folder, options: options)
    }
    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    static func batch(after end: Position, term: UInt64 = 1, count: Int = 3, bytes: Int = 300) -> LogBatch {
        var builder = BatchBuilder()
        let value = [UInt8](repeating: UInt8(truncatingIfNeeded: end.sequence), count: bytes)
        for index in 0..<count {
            let key = Array("key-\(end.sequence)-\(index)".utf8)
            key.withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    _ = builder.append(LogRecord(kind: .put, slot: 7, key: key, value: value))
                }
            }
        }
        return builder.seal(term: term, firstSequence: end.sequence + 1, commitSequence: end.sequence, wallTime: 1)
    }

    @discardableResult
    static func fill(_ log: CommitLog, batches: Int, term: UInt64 = 1, bytes: Int = 300) throws -> [Position] {
        try (0..<batches).map { _ in
            try log.append(batch(after: log.end, term: term, bytes: bytes))
            try log.sync()
            return log.end
        }
    }

    static func positions(_ log: CommitLog, after start: Position? = nil) throws -> [Position] {
        let reader = try log.makeReader(after: start ?? log.start)
        var found: [Position] = []
        while let batch = try reader.next() { found.append(batch.end) }
        return found
    }

    var segments: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                .filter { $0.hasPrefix("0") }.map { folder + "/" + $0 }
        }
    }

    static func edit(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        body(&bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}

@Suite struct CommitLogTests {
    @Test(arguments: [Durability.fsync, .os])
    func readsBackAfterReopenOverManySegments(durability: Durability) throws {
        var fixture = LogFixture()
        fixture.options.durability = durability
        defer { fixture.remove() }
        let log = try fixture.open()
        let written = try LogFixture.fill(log, batches: 300)
        #expect(log.segmentCount > 3)
        #expect(try LogFixture.positions(log) == written)
        let offset = log.endOffset
        log.close()
        let again = try fixture.open()
        defer { again.close() }
        #expect(again.end == written.last && again.recovered.batches == 300 && again.recovered.tornBytes == 0)
        #expect(again.endOffset == offset && again.lastCommitSequence == written[298].sequence)
        #expect(try LogFixture.positions(again, after: written[149]) == Array(written[150...]))
    }

    @Test func recycledSegmentsDoNotShowTheirOldBatches() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        var log = try fixture.open()
        for _ in 0..<12 {
            try LogFixture.fill(log, batches: 70)
            try log.cut(below: log.end.sequence)
            let end = log.end
            log.close()
            log = try fixture.open()
            #expect(log.end == end)
            #expect(log.recovered.tornBytes == 0)
        }
        log.close()
    }

    @Test func tornTailIsCutAtEveryByte() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        try LogFixture.fill(log, batches: 4)
        let kept = log.end
        let start = Int(log.endOffset) + 4096
        try LogFixture.fill(log, batches: 1, bytes: 20)
        let stop = Int(log.endOffset) + 4096
        log.close()
        let path = try #require(try fixture.segments.first)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for cut in start..<stop - 8 {
            try LogFixture.edit(path) { $0 = Array(whole.prefix(cut)) }
            let torn = try fixture.open()
            #expect(torn.end == kept && torn.recovered.offset == start)
            torn.close()
        }
    }

    @Test func flippedByteInTheMiddleIsRefusedAndInTheLastBatchCut() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        let written = try LogFixture.fill(log, batches: 200)
        let batchBytes = Int(log.endOffset) / 200
        log.close()
        let paths = try fixture.segments
        let first = try #require(paths.first)
        for index in stride(from: 0, to: 40, by: 3) {
            let at = 4096 + index * batchBytes + index * 17 % batchBytes
            try LogFixture.edit(first) { $0[at] ^= 0x10 }
            let error = #expect(throws: StorageError.self) { try fixture.open() }
            #expect(error?.code == .corrupt && error?.message.contains(first) == true)
            #expect(error?.message.contains("byte offset ") == true)
            try LogFixture.edit(first) { $0[at] ^= 0x10 }
        }
        let whole = try fixture.open()
        let (last, end) = (whole.recovered.segment, whole.recovered.offset)
        whole.close()
        try LogFixture.edit(last) { $0[end - batchBytes / 2] ^= 1 }
        let cut = try fixture.open()
        #expect(cut.end == written[198] && cut.recovered.tornBytes > 0)
        cut.close()
        try FileManager.default.removeItem(atPath: paths[1])
        #expect(throws: StorageError.self) { try fixture.open() }
    }

    @Test func truncateResetCutAndPinKeepTheirPromises() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        var log = try fixture.open()
        let written = try LogFixture.fill(log, batches: 200)
        let pin = log.pin(written[50].sequence)
        try log.cut(below: written[150].sequence)
        #expect(log.start.sequence < written[50].sequence)
        log.unpin(pin)
        try log.cut(below: written[150].sequence)
        #expect(log.start.sequence > written[50].sequence && log.start.sequence < written[150].sequence)
        #expect(throws: StorageError.self) { try log.makeReader(after: written[0]) }
        #expect(log.relation(of: Position(term: 9, sequence: written[160].sequence)) == .diverged)
        try log.truncate(after: written[155])
        try LogFixture.fill(log, batches: 2, term: 2)
        let end = log.end
        #expect(log.term(at: end.sequence) == 2 && log.term(at: written[155].sequence) == 1)
        log.close()
        log = try fixture.open()
        #expect(log.end == end)
        try log.reset(to: Position(term: 3, sequence: 77))
        try LogFixture.fill(log, batches: 1, term: 3)
        log.close()
        log = try fixture.open()
        #expect(log.start == Position(term: 3, sequence: 77) && log.end == Position(term: 3, sequence: 80))
        log.close()
    }

    @Test func fullDiskRefusesBeforeAnythingIsHalfDone() throws {
        var fixture = LogFixture()
        fixture.options.spareSegments = 0
        let file = fixture.folder + ".full"
        fixture.options.allocate = { access(file, F_OK) == 0 ? ENOSPC : CommitLog.writeZeros($0, $1) }
        defer { fixture.remove() }
        let log = try fixture.open()
        #expect(FileManager.default.createFile(atPath: file, contents: nil))
        defer { unlink(file) }
        let error = #expect(throws: StorageError.self) { try LogFixture.fill(log, batches: 100) }
        #expect(error?.code == .diskFull && log.poisoned == nil)
        unlink(file)
        try LogFixture.fill(log, batches: 100)
        let big = LogFixture.batch(after: log.end, count: 1, bytes: 300_000)
        try log.append(big)
        #expect(try LogFixture.positions(log).last == big.end)
        log.close()
        #expect(throws: StorageError.self) { try LogFixture.fill(log, batches: 1) }
    }
}
