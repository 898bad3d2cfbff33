import Foundation
import Model
import Replication
import Resharding
import Testing

@Suite struct MigrationFrameTests {
    private static func chunk(_ entries: [(MigrationEntry.Kind, String, String, UInt64)]) -> MigrationChunk {
        var builder = MigrationChunkBuilder()
        for (kind, key, value, version) in entries {
            Array(key.utf8).withUnsafeBytes { key in
                Array(value.utf8).withUnsafeBytes { value in
                    builder.append(
                        MigrationEntry(
                            kind: kind,
                            slot: KeySlot.slot(of: key),
                            version: version,
                            expiry: kind == .put ? 77 : 0,
                            flags: kind == .put ? 3 : 0,
                            key: key,
                            value: kind == .put ? value : UnsafeRawBufferPointer(start: nil, count: 0)
                        )
                    )
                }
            }
        }
        guard let chunk = builder.finish() else { fatalError("a chunk needs entries") }
        return chunk
    }

    private static var sources: [MigrationFrame] {
        [
            .accept(.init(term: 7, position: Position(term: 6, sequence: 99), keys: 5, bytes: .max)),
            .refuse(.deciding, "not yet"), .chunk(chunk([(.put, "a", "1", 4), (.delete, "{a}b", "", 9)])),
            .copied(keys: 2), .mark(.init(through: 5, end: 9, bytesLeft: 1_000, strain: 140)),
            .final(number: 3, position: Position(term: 7, sequence: 120)), .released(number: 3, "too slow"),
            .owned(number: 4, mapVersion: 12),
        ]
    }

    private static var targets: [MigrationFrame] {
        [.acknowledge(bytes: 1 << 40), .ask(number: 1), .confirm(number: 1, term: 9)]
    }

    private func bytes(_ frames: [MigrationFrame]) -> [UInt8] {
        frames.reduce(into: []) { $1.encode(into: &$0) }
    }

    private func parse(_ bytes: [UInt8], _ side: MigrationFrameParser.Side, steps: Int = .max) throws
        -> [MigrationFrame]
    {
        var parser = MigrationFrameParser(sender: side)
        var frames: [MigrationFrame] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            Array(rest.prefix(steps)).withUnsafeBytes { parser.append($0) }
            rest = rest.dropFirst(steps)
            while let frame = try parser.next() { frames.append(frame) }
        }
        return frames
    }

    @Test(arguments: [1, 2, 7, 64, Int.max]) func framesSurviveTheWire(steps: Int) throws {
        let sent = bytes(Self.sources)
        #expect(bytes(try parse(sent, .source, steps: steps)) == sent)
        #expect(try parse(sent, .source, steps: steps).count == Self.sources.count)
        let back = bytes(Self.targets)
        #expect(bytes(try parse(back, .target, steps: steps)) == back)
    }

    @Test func chunksKeepTheirEntries() throws {
        let frames = try parse(bytes([Self.sources[2]]), .source)
        guard case .chunk(let chunk) = frames.first else {
            Issue.record("no chunk")
            return
        }
        var seen: [String] = []
        func note(_ entry: MigrationEntry) {
            let key = String(decoding: entry.key, as: UTF8.self)
            seen.append("\(entry.kind) \(key) \(entry.value.count) \(entry.version) \(entry.expiry) \(entry.flags)")
        }
        chunk.forEachEntry(note)
        #expect(seen == ["put a 1 4 77 3", "delete {a}b 0 9 0 0"])
        #expect(chunk.count == 2 && chunk.versionMax == 9)
    }

    @Test func chunkHeadersGoInFrontOfTheirBytes() {
        let chunk = Self.chunk([(.put, "k", "v", 1)])
        #expect(MigrationFrame.chunkHeader(length: chunk.bytes.count) + chunk.bytes == bytes([.chunk(chunk)]))
    }

    @Test func buildersCloseAtTheirSize() {
        var builder = MigrationChunkBuilder()
        #expect(builder.isEmpty && builder.finish() == nil)
        let value = [UInt8](repeating: 1, count: 1_000)
        var count = 0
        while !builder.isFull {
            value.withUnsafeBytes { value in
                Array("key\(count)".utf8).withUnsafeBytes { key in
                    builder.append(MigrationEntry(kind: .put, slot: 1, version: 1, key: key, value: value))
                }
            }
            count += 1
        }
        #expect((ReshardingLimits.chunkBytes..<ReshardingLimits.chunkBytes + 1_100).contains(builder.byteCount))
        #expect(builder.finish()?.count == count && builder.isEmpty)
    }

    /// Bytes of a peer are never trusted: damaged ones are refused or make another frame, and nothing crashes.
    @Test(arguments: 0..<20) func damagedBytesNeverCrash(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let whole = bytes(Self.sources)
        for _ in 0..<500 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { damaged.removeLast(Int.random(in: 1..<damaged.count, using: &random)) }
            _ = try? parse(damaged, .source)
            _ = try? parse(damaged, .target)
        }
    }

    private func header(_ length: UInt32, _ kind: UInt8) -> [UInt8] {
        withUnsafeBytes(of: length.littleEndian) { Array($0) } + [kind]
    }

    @Test func whatCannotBeIsRefusedBeforeItIsKept() {
        let cases: [(MigrationFrameParser.Side, [UInt8])] = [
            (.source, header(0, 99)), (.source, header(8, 64)), (.target, header(40, 1)),
            (.source, header(1 << 30, 3)), (.target, header(9, 64)),
            (.source, header(7, 4) + [UInt8](repeating: 0, count: 7)),
        ]
        for (side, bytes) in cases { #expect(throws: ReshardError.self) { try parse(bytes, side) } }
    }

    @Test func aFailedParserStaysFailed() {
        var parser = MigrationFrameParser(sender: .target)
        header(0, 99).withUnsafeBytes { parser.append($0) }
        #expect(throws: ReshardError.self) { try parser.next() }
        bytes(Self.targets).withUnsafeBytes { parser.append($0) }
        #expect(throws: ReshardError.self) { try parser.next() }
    }

    /// Sequences that no log has, entries that no engine has.
    @Test func nonsenseInsideAFrameIsRefused() {
        let far = ReshardingLimits.sequenceMax
        let frames: [MigrationFrame] = [
            .final(number: 1, position: Position(term: 1, sequence: far)),
            .accept(.init(term: 1, position: Position(term: 2, sequence: 1), keys: 0, bytes: 0)),
            .mark(.init(through: 6, end: 5, bytesLeft: 0, strain: 0)),
            .mark(.init(through: 0, end: far, bytesLeft: 0, strain: 0)),
            .chunk(Self.chunk([(.put, "a", "", far)])), .chunk(Self.chunk([(.put, "a", "", 0)])),
            .chunk(Self.chunk([(.put, "", "", 1)])),
            .chunk(Self.chunk([(.put, String(repeating: "k", count: StorageLimits.keyBytesMax + 1), "", 1)])),
        ]
        for frame in frames { #expect(throws: ReshardError.self, "\(frame)") { try parse(bytes([frame]), .source) } }
        var empty = bytes([.chunk(Self.chunk([(.put, "a", "b", 1)]))])
        empty[5] = 0
        #expect(throws: ReshardError.self) { try parse(empty, .source) }
    }

    @Test func refusalsAreOneLine() throws {
        let long = String(repeating: "é\n", count: 2_000)
        guard case .refuse(.busy, let text)? = try parse(bytes([.refuse(.busy, long)]), .source).first else {
            Issue.record("no refusal")
            return
        }
        #expect(!text.contains("\n") && text.utf8.count <= ReshardJobLimits.textBytesMax)
    }

    // MARK: Hello

    private let hello = MigrationHello(
        cluster: "c",
        coordinator: "k",
        job: "j",
        move: 3,
        slots: SlotList([1, 2, 9] as [UInt16]),
        shard: "s",
        term: 8
    )

    @Test func hellosSurviveTheirArguments() throws {
        #expect(try MigrationHello(arguments: hello.arguments) == hello)
    }

    @Test func hellosThatAreNoneAreRefused() {
        let good = hello.arguments
        var bad: [[[UInt8]]] = [[], Array(good.dropLast()), good + [[1]], good.map { _ in [0xFF] }]
        for (index, text) in [(0, "2"), (0, "x"), (4, "-1"), (4, ""), (5, "9-2"), (5, "16384"), (7, "-"), (7, "")] {
            var arguments = good
            arguments[index] = Array(text.utf8)
            bad.append(arguments)
        }
        for arguments in bad { #expect(throws: ReshardError.self) { try MigrationHello(arguments: arguments) } }
    }
}
