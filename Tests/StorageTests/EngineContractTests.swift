import FoundationEssentials
import Model
import Storage
import Testing

/// The contract of `StorageEngine`, for every engine.
@Suite("Engine contract") struct EngineContractTests {
    static let kinds = EngineKind.allCases

    @Test(arguments: kinds) func putGetOverwriteDelete(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        #expect(try fixture.get(5, [1]) == nil)
        try fixture.put(5, [1], [10, 11], expiry: 77)
        #expect(try fixture.get(5, [1]) == Copied(version: 1, expiry: 77, bytes: [10, 11]))
        #expect(try fixture.get(6, [1]) == nil)
        try fixture.put(5, [1], [], previous: .present(bytes: 2, expiry: 77))
        #expect(try fixture.get(5, [1]) == Copied(version: 2, expiry: 0, bytes: []))
        try fixture.delete(5, [1])
        #expect(try fixture.get(5, [1]) == nil)
        #expect(fixture.engine.total == SlotCount())
        #expect(fixture.engine.appliedPosition == Position(term: 1, sequence: 3))
    }

    @Test(arguments: kinds) func binaryKeysAndLargeValues(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let binary: [UInt8] = [0, 0xFF, 0, 13, 10]
        let large = [UInt8](repeating: 0xA5, count: StorageLimits.valueBytesMax)
        try fixture.put(16383, binary, large)
        try fixture.put(16383, [], [7])
        #expect(try fixture.get(16383, binary)?.bytes == large)
        #expect(try fixture.get(16383, [])?.bytes == [7])
        let expected = SlotCount(keys: 2, bytes: UInt64(binary.count + large.count + 1))
        #expect(fixture.engine.counts(of: 16383...16383) == [expected])
    }

    @Test(arguments: kinds) func longKeysSharingTheirStoredPrefix(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let lengths = [444, 445, 475, 476, 477, 478, 511, 512, 1000, 4095, 4096]
        let keys = lengths.map { [UInt8](repeating: 0x61, count: $0) }
        for (at, key) in keys.enumerated() { try fixture.put(3, key, [UInt8(at)], expiry: UInt64(100 + at)) }
        for (at, key) in keys.enumerated() { #expect(try fixture.get(3, key)?.bytes == [UInt8(at)]) }
        let snapshot = try fixture.engine.makeSnapshot()
        let scanned = try snapshot.keys()
        #expect(Set(scanned.map(\.key)) == Set(keys))
        #expect(scanned.count == keys.count)
        for (at, entry) in scanned.enumerated() {
            #expect(try snapshot.keys(3...3, after: entry.key) == Array(scanned[(at + 1)...]))
        }
        snapshot.close()
        #expect(try fixture.expired(now: 1000).map(\.key) == keys)
        let bytes = UInt64(lengths.reduce(0, +) + lengths.count)
        #expect(fixture.engine.total == SlotCount(keys: UInt64(keys.count), bytes: bytes))
        for key in keys { try fixture.delete(3, key) }
        #expect(fixture.engine.total == SlotCount())
        #expect(try fixture.expired(now: 1000).isEmpty)
    }

    @Test(arguments: kinds) func noInlineKeyTakesALongKeysPlace(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let long = [UInt8](repeating: 0x62, count: 600)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: EngineKey.storedBytesMax, alignment: 8)
        defer { room.deallocate() }
        let length = long.withUnsafeBytes { EngineKey.encode(slot: 1, key: $0, into: room) }
        let forged = Array(room[2..<min(length, 2 + StorageLimits.engineKeyInlineMax)])
        try fixture.put(1, long, [1])
        try fixture.put(1, forged, [2])
        #expect(try fixture.get(1, long)?.bytes == [1])
        #expect(try fixture.get(1, forged)?.bytes == [2])
    }

    @Test(arguments: kinds) func scanOrderRangesAfterAndStop(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        var generator = SeededGenerator(seed: 11)
        let slots: [UInt16] = [0, 1, 255, 256, 700, 16382, 16383]
        var all: Set<EngineKeyOfSlot> = []
        for _ in 0..<200 {
            let slot = slots[Int.random(in: 0..<slots.count, using: &generator)]
            let key = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            all.insert(EngineKeyOfSlot(slot: slot, key: key))
        }
        try fixture.fill(all.sorted().map { ($0.slot, $0.key) }, value: [1])
        let sorted = all.sorted()
        let snapshot = try fixture.engine.makeSnapshot()
        #expect(try snapshot.keys() == sorted)
        #expect(try snapshot.keys(1...256) == sorted.filter { (1...256).contains($0.slot) })
        #expect(try snapshot.keys(16383...16383) == sorted.filter { $0.slot == 16383 })
        #expect(try snapshot.keys(2...254).isEmpty)
        #expect(try snapshot.keys(limit: 7) == Array(sorted[..<7]))
        let from700 = sorted.filter { $0.slot >= 700 }
        let first = try #require(from700.first)
        #expect(try snapshot.keys(first.slot...16383, after: first.key) == Array(from700.dropFirst()))
        // A key that is not there is as good a place to go on from.
        #expect(try snapshot.keys(699...16383, after: [1, 2, 3]) == from700)
        snapshot.close()
    }

    @Test(arguments: kinds) func snapshotStaysWhileWritesGoOn(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.put(1, [1], [1])
        let position = try fixture.put(1, [2], [2])
        let snapshot = try fixture.engine.makeSnapshot()
        try fixture.put(1, [3], [3])
        try fixture.delete(1, [1])
        try fixture.engine.deleteSlots([0...16383], position: Position(term: 1, sequence: 9))
        #expect(snapshot.position == position)
        #expect(try snapshot.keys().map(\.key) == [[1], [2]])
        snapshot.close()
        #expect(throws: StorageError.self) { try snapshot.keys() }
        #expect(try fixture.engine.makeSnapshot().keys().isEmpty)
    }

    @Test(arguments: kinds) func readerSeesTheNewestStateAfterRefresh(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.put(1, [1], [1])
        let reader = try fixture.engine.makeReader()
        #expect(try reader.copy(1, [1])?.bytes == [1])
        try fixture.put(1, [1], [2])
        let unrefreshed = try reader.copy(1, [1])?.bytes
        #expect(unrefreshed == [1] || unrefreshed == [2])
        try reader.refresh()
        #expect(try reader.copy(1, [1])?.bytes == [2])
        reader.close()
        #expect(throws: StorageError.self) { try reader.refresh() }
        #expect(throws: StorageError.self) { try reader.copy(1, [1]) }
    }

    @Test(arguments: kinds) func useAfterCloseIsAnError(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        fixture.engine.close()
        #expect { try fixture.put(1, [1], [1]) } throws: { ($0 as? StorageError)?.code == .closed }
        #expect { try fixture.engine.makeReader() } throws: { ($0 as? StorageError)?.code == .closed }
    }
}
