import Glibc
import Model
import Storage
import Synchronization
import Testing

/// Large values of RocksDB stand apart from their keys: whoever lists keys does not read them.
@Suite struct ApartValueTests {
    private static let key: [UInt8] = Array("key".utf8)
    private static let longKey = [UInt8](repeating: 7, count: 3_000)
    private static let large = 200_000

    private func value(_ byte: UInt8, _ count: Int = large) -> [UInt8] { [UInt8](repeating: byte, count: count) }

    @Test(arguments: [key, longKey], [true, false])
    func valuesChangePlaceWithTheirLength(key: [UInt8], isKnown: Bool) throws {
        let fixture = try EngineFixture(.rocksdb)
        var before = PreviousValue.absent
        for (round, count) in [Self.large, 10, 65_535, 65_536, Self.large, Self.large, 0, Self.large].enumerated() {
            let expiry = UInt64(round % 3) * 1_000
            let bytes = value(UInt8(round), count)
            try fixture.put(3, key, bytes, expiry: expiry, previous: isKnown ? before : .unknown)
            before = .present(bytes: count, expiry: expiry)
            let expected = Copied(version: fixture.sequence, expiry: expiry, bytes: bytes)
            #expect(try fixture.get(3, key) == expected, "\(round)")
            #expect(fixture.engine.total == SlotCount(keys: 1, bytes: UInt64(key.count + count)), "\(round)")
            #expect(try fixture.expired(now: .max).map(\.expiry) == (expiry == 0 ? [] : [expiry]))
            if round % 2 == 0 {
                try fixture.reopen()
                #expect(try fixture.get(3, key) == expected, "\(round), after a start")
            }
        }
        try fixture.delete(3, key, previous: isKnown ? before : .unknown)
        #expect(try fixture.get(3, key) == nil)
        #expect(fixture.engine.total == SlotCount())
    }

    @Test func aFrozenViewKeepsItsValues() throws {
        let fixture = try EngineFixture(.rocksdb)
        try fixture.put(3, Self.key, value(1))
        try fixture.put(3, Self.longKey, value(2))
        try fixture.put(4, Self.key, value(3, 5))
        let snapshot = try fixture.engine.makeSnapshot()
        defer { snapshot.close() }
        try fixture.put(3, Self.key, value(9))
        try fixture.put(3, Self.longKey, [9])
        try fixture.delete(4, Self.key)
        var found: [EngineKeyOfSlot: [UInt8]] = [:]
        try snapshot.scan(slots: 0...16383, after: nil) { slot, key, value in
            found[EngineKeyOfSlot(slot: slot, key: Array(key))] = Array(value.bytes)
            return true
        }
        let expected = [
            EngineKeyOfSlot(slot: 3, key: Self.key): value(1), EngineKeyOfSlot(slot: 3, key: Self.longKey): value(2),
            EngineKeyOfSlot(slot: 4, key: Self.key): value(3, 5),
        ]
        #expect(found == expected)
        var keys: [EngineKeyOfSlot] = []
        try snapshot.scanKeys(slots: 0...3, after: nil) { slot, key, _ in
            keys.append(EngineKeyOfSlot(slot: slot, key: Array(key)))
            return true
        }
        #expect(keys == [EngineKeyOfSlot(slot: 3, key: Self.longKey), EngineKeyOfSlot(slot: 3, key: Self.key)])
    }

    /// What is cleared is gone from both places: a value of another time would be found by nobody, and fill the disk.
    @Test func clearedSlotsKeepNothing() throws {
        let fixture = try EngineFixture(.rocksdb)
        for slot in UInt16(0)..<4 { try fixture.put(slot, Self.key, value(UInt8(slot))) }
        let position = Position(term: 1, sequence: 100)
        try fixture.engine.deleteSlots([1...2], position: position)
        #expect(try fixture.get(1, Self.key) == nil && fixture.get(2, Self.key) == nil)
        #expect(try fixture.get(0, Self.key)?.bytes == value(0) && fixture.get(3, Self.key)?.bytes == value(3))
        #expect(fixture.engine.total.keys == 2)
        try fixture.engine.eraseAll()
        try fixture.engine.finishInstall(position: position)
        #expect(try fixture.get(0, Self.key) == nil)
        try fixture.put(0, Self.key, value(5))
        #expect(try fixture.get(0, Self.key)?.bytes == value(5))
    }

    /// All values stood beside their keys once.
    @Test func valuesBesideTheirKeysAreReadAndReplaced() throws {
        let fixture = try EngineFixture(runLimits: TableRunPlan.Limits(), apartBytesMin: .max)
        let keys: [(slot: UInt16, key: [UInt8])] = [(1, [1]), (1, [2]), (2, [3]), (2, [4])]
        for (slot, key) in keys { try fixture.put(slot, key, value(6)) }
        try fixture.reopen(apartBytesMin: RocksDBEngine.apartBytesMin)
        for (slot, key) in keys { #expect(try fixture.get(slot, key)?.bytes == value(6)) }
        try fixture.put(1, [1], value(7))
        try fixture.put(1, [2], [8])
        try fixture.delete(2, [3])
        #expect(try fixture.get(1, [1])?.bytes == value(7) && fixture.get(1, [2])?.bytes == [8])
        #expect(try fixture.get(2, [3]) == nil)
        #expect(try fixture.get(2, [4])?.bytes == value(6))
        #expect(fixture.engine.total == SlotCount(keys: 3, bytes: UInt64(3 + 2 * Self.large + 1)))
    }

    /// Copies, and batches of large values, go to table files; so do values that take the place of others.
    @Test func tableFilesKeepValuesApart() throws {
        var limits = TableRunPlan.Limits()
        limits.runBytesMin = 1
        let fixture = try EngineFixture(runLimits: limits)
        let keys: [(slot: UInt16, key: [UInt8])] = [(1, [1]), (1, [2]), (2, [3])]
        try fixture.apply(
            keys.enumerated().map { number, name in
                let name = EngineKeyOfSlot(slot: name.slot, key: name.key)
                return .init(name: name, value: value(6, number == 1 ? 30_000 : Self.large))
            }
        )
        #expect(try keys.map { try fixture.get($0.slot, $0.key)?.bytes } == [value(6), value(6, 30_000), value(6)])
        // The other way round, without a word on what is there.
        try fixture.apply(
            keys.enumerated().map { number, name in
                let name = EngineKeyOfSlot(slot: name.slot, key: name.key)
                return .init(name: name, value: value(7, number == 1 ? Self.large : 30_000))
            }
        )
        let expected = [value(7, 30_000), value(7), value(7, 30_000)]
        #expect(try keys.map { try fixture.get($0.slot, $0.key)?.bytes } == expected)
        try fixture.reopen()
        #expect(try keys.map { try fixture.get($0.slot, $0.key)?.bytes } == expected)
        #expect(fixture.engine.total == SlotCount(keys: 3, bytes: UInt64(3 + Self.large + 60_000)))
    }

    /// What a reader beside the writes has found.
    private final class Watch: Sendable {
        let isDone = Atomic<Bool>(false)
        let reads = Atomic<Int>(0)
        let torn = Atomic<Int>(0)
        let error = Mutex<StorageError?>(nil)

        /// Each version's bytes are all its number's.
        func run(_ engine: any StorageEngine, _ key: [UInt8]) {
            do throws(StorageError) {
                let reader = try engine.makeReader()
                while !isDone.load(ordering: .acquiring) {
                    try key.withUnsafeBufferPointer { key throws(StorageError) in
                        _ = try reader.withValue(slot: 3, key: UnsafeRawBufferPointer(key)) { value in
                            let byte = UInt8(truncatingIfNeeded: value.version)
                            if value.bytes.contains(where: { $0 != byte }) { torn.add(1, ordering: .relaxed) }
                        }
                    }
                    reads.add(1, ordering: .releasing)
                }
            } catch {
                self.error.withLock { $0 = error }
            }
        }
    }

    /// A reader sees a record and its value in two look-ups.
    @Test func readsBesideWritesAreWhole() throws {
        let fixture = try EngineFixture(.rocksdb)
        try fixture.put(3, Self.key, value(1))
        let (engine, watch) = (fixture.engine, Watch())
        let thread = StoreThread { watch.run(engine, Self.key) }
        while watch.reads.load(ordering: .acquiring) < 50, watch.error.withLock({ $0 }) == nil {
            // Every fourth stands beside its key.
            let next = fixture.sequence + 1
            let length = next % 4 == 0 ? 100 : Self.large
            try fixture.put(3, Self.key, value(UInt8(truncatingIfNeeded: next), length))
        }
        watch.isDone.store(true, ordering: .releasing)
        thread.join()
        #expect(watch.error.withLock { $0 } == nil)
        #expect(watch.torn.load(ordering: .relaxed) == 0)
    }

    /// Processor time of this thread in microseconds: the machine has others to run.
    private static func processorTime() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
        return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1_000
    }

    /// SCAN looks at all keys of a slot for each page. Values that can't be compressed, as they are when they are large.
    @Test func listingKeysDoesNotReadValues() throws {
        let fixture = try EngineFixture(.rocksdb)
        let (count, length) = (40, 8 << 20)
        var generator = SeededGenerator(seed: 1)
        var bytes = [UInt8](repeating: 0, count: length)
        for at in stride(from: 0, to: length, by: 8) {
            let number = generator.next()
            bytes.withUnsafeMutableBytes { $0.storeBytes(of: number, toByteOffset: at, as: UInt64.self) }
        }
        for number in 0..<count { try fixture.put(3, [UInt8(number)], bytes) }
        try fixture.engine.flush()
        let snapshot = try fixture.engine.makeSnapshot()
        defer { snapshot.close() }
        var (forKeys, forValues) = (UInt64.max, UInt64.max)
        for _ in 0..<3 {
            var (listed, read) = (0, 0)
            let begun = Self.processorTime()
            try snapshot.scanKeys(slots: 3...3, after: nil) { _, _, _ in
                listed += 1
                return true
            }
            let between = Self.processorTime()
            try snapshot.scan(slots: 3...3, after: nil) { _, _, value in
                read += value.bytes.count
                return true
            }
            #expect(listed == count && read == count * length)
            forKeys = min(forKeys, between - begun)
            forValues = min(forValues, Self.processorTime() - between)
        }
        #expect(forKeys * 4 < forValues, "\(forKeys) µs for keys, \(forValues) µs with values")
    }
}
