import Model
import Replication
import Storage
import Testing

@Suite struct PeerFrameTests {
    private func parse(_ bytes: [UInt8], from sender: PeerFrameParser.Side, step: Int) throws -> [String] {
        var parser = PeerFrameParser(sender: sender)
        var frames: [String] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            bytes[start..<min(start + step, bytes.count)].withUnsafeBytes { parser.append($0) }
            while let frame = try parser.next() { frames.append(describe(frame)) }
        }
        return frames
    }

    private func describe(_ frame: PeerFrame) -> String {
        var bytes: [UInt8] = []
        frame.encode(into: &bytes)
        return "\(bytes)"
    }

    private var leaderFrames: [PeerFrame] {
        var builder = SnapshotChunkBuilder()
        [UInt8]("key".utf8).withUnsafeBytes { key in
            builder.append(SnapshotEntry(slot: 9, version: 4, expiry: 5, flags: 0, key: key, value: key))
        }
        var slots = SlotSet()
        slots.insert(3...400)
        let owned = SlotOwnership(slots: slots, mapVersion: 12)
        let member = Member(id: "a", address: "h:1")
        let record = ShardRecord(shard: "s", term: 2, leader: member, session: "x", inSync: [member])
        return [
            .batch(makeBatch(term: 1, first: 1, count: 3)),
            .heartbeat(.init(term: 1, lastSequence: 3, commitSequence: 2, unsentBytes: 7, echo: 8)),
            .resume(after: Position(term: 1, sequence: 2)), .truncate(after: Position(term: 1, sequence: 2)),
            .snapshotBegin(.init(position: .zero, keys: 1, bytes: 2, engine: "rocksdb")),
            .snapshotChunk(builder.finish()), .snapshotEnd(position: .zero, keys: 1, owned: nil),
            .snapshotEnd(position: .zero, keys: 1, owned: owned), .refuse(.wrongShard, "no"),
            .leaderChanged(SeenRecord(record: record, revision: 7)),
        ]
    }

    @Test(arguments: [1, 3, 7, 10_000]) func everyFrameSurvivesPartialDelivery(step: Int) throws {
        var bytes: [UInt8] = []
        for frame in leaderFrames { frame.encode(into: &bytes) }
        #expect(try parse(bytes, from: .leader, step: step) == leaderFrames.map(describe))
    }

    @Test func sidesCannotSpeakForEachOther() {
        var bytes: [UInt8] = []
        leaderFrames[1].encode(into: &bytes)
        #expect(throws: ReplicationError.self) { try parse(bytes, from: .follower, step: 100) }
    }

    @Test func hugeLengthIsRefusedAtTheHeader() {
        #expect(throws: ReplicationError.self) { try parse([255, 255, 255, 255, 1], from: .leader, step: 5) }
    }

    @Test func damagedBatchIsRefused() {
        var bytes: [UInt8] = []
        leaderFrames[0].encode(into: &bytes)
        bytes[bytes.count - 12] ^= 1
        #expect(throws: ReplicationError.self) { try parse(bytes, from: .leader, step: 100) }
    }

    @Test func randomJunkNeverCrashes() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            var bytes: [UInt8] = []
            for frame in leaderFrames { frame.encode(into: &bytes) }
            for _ in 0..<4 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = try? parse(bytes, from: .leader, step: 64)
        }
    }

    @Test func helloRoundTripsAndRefusesNonsense() throws {
        let hello = PeerHello(
            cluster: "demo",
            shard: "shard0",
            folder: "ab",
            address: "h:1",
            position: Position(term: 2, sequence: 9),
            commitSequence: 8,
            needsSnapshot: false,
            term: 3,
            boot: "b"
        )
        #expect(try PeerHello(arguments: hello.arguments) == hello)
        var told = hello
        told.coordinator = "k"
        #expect(try PeerHello(arguments: told.arguments) == told)
        #expect(throws: ReplicationError.self) { try PeerHello(arguments: told.arguments + [[1]]) }
        for index in [0, 5, 6, 7, 8] {
            var arguments = hello.arguments
            arguments[index] = [0xFF]
            #expect(throws: ReplicationError.self) { try PeerHello(arguments: arguments) }
        }
        #expect(throws: ReplicationError.self) { try PeerHello(arguments: []) }
    }
}
