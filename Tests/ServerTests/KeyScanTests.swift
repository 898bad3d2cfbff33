import FoundationEssentials
import Model
import Server
import Storage
import TestSupport
import Testing

@Suite struct KeyScanTests {
    private typealias Key = [UInt8]

    private static let all = 0..<UInt16(StorageLimits.slotCount)

    /// An engine in a folder of its own.
    private final class Fixture {
        let engine: any StorageEngine
        private let folder: String
        private var sequence: UInt64 = 0

        init(_ kind: EngineKind) throws {
            folder = FileManager.default.temporaryDirectory.path + "/shoal-scan-\(UUID().uuidString)"
            engine = try EngineOpener.open(kind: kind, folder: folder)
        }

        deinit {
            engine.close()
            // A folder that is left over in the system's temporary one is no reason to fail.
            try? FileManager.default.removeItem(atPath: folder)
        }

        func put(_ key: Key, _ value: [UInt8], slot: UInt16? = nil, expiry: UInt64 = 0) throws {
            try write(key, slot, value, expiry)
        }

        func delete(_ key: Key) throws { try write(key, nil, nil, 0) }

        private func write(_ key: Key, _ slot: UInt16?, _ value: [UInt8]?, _ expiry: UInt64) throws {
            sequence += 1
            try key.withUnsafeBytes { key in
                try (value ?? []).withUnsafeBytes { bytes in
                    let stored = value.map { _ in StoredValue(version: sequence, expiry: expiry, bytes: bytes) }
                    let write = EngineWrite(slot: slot ?? KeySlot.slot(of: key), key: key, value: stored)
                    try withUnsafePointer(to: write) {
                        let writes = UnsafeBufferPointer(start: $0, count: 1)
                        try engine.apply(writes, position: Position(term: 1, sequence: sequence))
                    }
                }
            }
        }

        func page(_ cursor: UInt64, count: Int, owns: (UInt16) -> Bool = { _ in true }) throws -> KeyScan.Page {
            let snapshot = CountingSnapshot(try engine.makeSnapshot())
            defer { snapshot.close() }
            let page = try KeyScan.page(
                snapshot,
                cursor: cursor,
                count: count,
                now: 1_000,
                counts: engine.counts(of: all.lowerBound...all.upperBound - 1),
                owns: owns,
                matches: { _ in true }
            )
            (scans, records) = (snapshot.scans, snapshot.records)
            return page
        }

        /// Of the last page.
        private(set) var scans = 0
        private(set) var records = 0

        /// All pages one after the other; `between` is called in front of each.
        func keys(count: Int, owns: (UInt16) -> Bool = { _ in true }, between: () throws -> Void = {}) throws -> [Key] {
            var keys: [Key] = []
            var cursor: UInt64 = 0
            repeat {
                try between()
                let page = try page(cursor, count: count, owns: owns)
                keys += page.keys
                cursor = page.cursor
            } while cursor != 0
            return keys
        }
    }

    /// Counts what a page costs.
    private final class CountingSnapshot: EngineSnapshot {
        private let snapshot: any EngineSnapshot
        private(set) var scans = 0
        private(set) var records = 0

        init(_ snapshot: any EngineSnapshot) { self.snapshot = snapshot }

        var position: Position { snapshot.position }

        func scan(
            slots: ClosedRange<UInt16>,
            after: [UInt8]?,
            _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
        ) throws(StorageError) {
            scans += 1
            try snapshot.scan(slots: slots, after: after) { slot, key, value in
                records += 1
                return body(slot, key, value)
            }
        }

        func close() { snapshot.close() }
    }

    private static func key(_ number: Int) -> Key { Array("key:\(number)".utf8) }

    /// One scan for the slots of a page, and no more records than it has keys: each costs its value, however large.
    @Test(arguments: EngineKind.allCases)
    func aPageReadsNoMoreThanItTells(kind: EngineKind) throws {
        let fixture = try Fixture(kind)
        for number in 0..<40 { try fixture.put(Self.key(number), [1]) }
        var cursor: UInt64 = 0
        var keys: [Key] = []
        repeat {
            let page = try fixture.page(cursor, count: 10)
            #expect(fixture.scans <= 1 && fixture.records <= 10, "\(fixture.scans) scans, \(fixture.records) records")
            keys += page.keys
            cursor = page.cursor
        } while cursor != 0
        #expect(keys.count == 40 && Set(keys).count == 40)
        // Slots of others cost nothing, either.
        #expect(try fixture.page(0, count: 10, owns: { _ in false }).keys.isEmpty && fixture.scans == 0)
        #expect(try fixture.page(0, count: 40, owns: { $0 < 8192 }).keys.count == fixture.records)
    }

    @Test(arguments: EngineKind.allCases)
    func everyKeyIsToldOnceInPagesOfAnySize(kind: EngineKind) throws {
        let fixture = try Fixture(kind)
        var expected: Set<Key> = []
        for number in 0..<200 {
            // Many in one slot, some in others, the first and the last of them too.
            let key = number < 120 ? Array("{a}\(number)".utf8) : Self.key(number)
            expected.insert(key)
            try fixture.put(key, [1])
        }
        try fixture.put([1], [1], slot: 0)
        try fixture.put([2], [1], slot: 16_383)
        expected.formUnion([[1], [2]])
        try fixture.put(Self.key(1_000), [1], expiry: 999)
        for count in [1, 2, 7, 119, 120, 121, 202, 203, 10_000] {
            let keys = try fixture.keys(count: count)
            #expect(keys.count == expected.count && Set(keys) == expected, "COUNT \(count)")
        }
        let owned = expected.filter { $0.withUnsafeBytes { KeySlot.slot(of: $0) } % 2 == 1 }
        let odd = try fixture.keys(count: 3, owns: { $0 % 2 == 1 })
        #expect(Set(odd).isSuperset(of: owned.filter { $0.count > 1 }) && Set(odd).count == odd.count)
    }

    /// What is there from the first page to the last is told, whatever comes and goes beside it.
    @Test(arguments: EngineKind.allCases)
    func keysThatStayAreTold(kind: EngineKind) throws {
        var random = SplitMix(seed: 3)
        for count in [1, 5, 20] {
            let fixture = try Fixture(kind)
            let staying = (0..<60).map { $0 < 30 ? Array("{b}\($0)".utf8) : Self.key($0) }
            for key in staying { try fixture.put(key, [1]) }
            var coming = 0
            let told = try fixture.keys(
                count: count,
                between: {
                    for _ in 0..<3 where coming < 300 {
                        coming += 1
                        let number = Int.random(in: 0..<coming, using: &random)
                        try fixture.put(Array((coming % 2 == 0 ? "{b}x\(coming)" : "x\(coming)").utf8), [2])
                        try fixture.delete(Array((number % 2 == 0 ? "{b}x\(number)" : "x\(number)").utf8))
                    }
                }
            )
            #expect(Set(told).isSuperset(of: staying), "COUNT \(count)")
        }
    }

    @Test func cursorsOfNoSlotEndTheWalk() throws {
        let fixture = try Fixture(.lmdb)
        try fixture.put(Self.key(1), [1])
        for cursor in [UInt64.max, UInt64(16_384) << 48, UInt64(16_383) << 48 | 5] {
            let page = try fixture.page(cursor, count: 10)
            #expect(page.cursor == 0 && page.keys.isEmpty)
        }
    }
}
