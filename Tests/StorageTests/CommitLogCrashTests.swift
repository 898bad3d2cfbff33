import Foundation
import Glibc
import Model
import Storage
import Testing

@Suite struct CommitLogCrashTests {
    /// A small generator, so that a failing seed reproduces.
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) ^ (state << 31)
        }
    }

    @Test(arguments: 1...12)
    func whatWasSyncedSurvivesAnyEndOfTheUnsyncedBatch(seed: UInt64) throws {
        var random = Random(state: seed)
        let fixture = LogFixture()
        defer { fixture.remove() }
        var log = try fixture.open()
        for _ in 0..<10 {
            try LogFixture.fill(log, batches: Int.random(in: 1...60, using: &random))
            if Bool.random(using: &random) { try log.cut(below: log.end.sequence) }
            let synced = log.end
            let segment = try #require(try fixture.segments.last)
            let offset = log.endOffset
            try log.append(LogFixture.batch(after: log.end, bytes: Int.random(in: 1...900, using: &random)))
            let length = Int(log.endOffset - offset)
            let rolled = try fixture.segments.last != segment
            log.close()
            if !rolled {
                let end = try {
                    let probe = try fixture.open(); defer { probe.close() }; return probe.recovered.offset
                }()
                let from = end - length + Int.random(in: 0..<length - 8, using: &random)
                // The last bytes may be padding, which a tear cannot damage: it always takes a written byte with it.
                try LogFixture.edit(segment) { bytes in
                    for at in from..<end { bytes[at] = bytes[at] ^ UInt8.random(in: 1...255, using: &random) }
                }
            }
            log = try fixture.open()
            #expect(rolled || log.end == synced, "seed \(seed)")
        }
        log.close()
    }

    @Test func readersFollowALiveWriter() async throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        let target = UInt64(3 * 400)
        let followers = (0..<2).map { _ in
            Task.detached { () throws -> [Position] in
                let reader = try log.makeReader(after: .zero)
                var found: [Position] = []
                while reader.position.sequence < target {
                    if let batch = try reader.next() { found.append(batch.end) } else { await Task.yield() }
                }
                return found
            }
        }
        let written = try LogFixture.fill(log, batches: 400)
        for follower in followers { #expect(try await follower.value == written) }
        log.close()
    }

    @Test func aReaderNoticesThatItsSegmentWasRecycled() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        try LogFixture.fill(log, batches: 10)
        let reader = try log.makeReader(after: .zero)
        _ = try reader.next()
        try LogFixture.fill(log, batches: 200)
        try log.cut(below: log.end.sequence)
        try LogFixture.fill(log, batches: 200)
        let error = #expect(throws: StorageError.self) { try reader.next() }
        #expect(error?.code == .outOfRange)
        log.close()
    }
}
