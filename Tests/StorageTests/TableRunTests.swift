import FoundationEssentials
import Model
import Storage
import Testing

/// What of a batch RocksDB takes over as table files, and that nobody can tell from outside.
@Suite struct TableRunTests {
    private static let everything = limits(run: 1, slot: 1)

    private static func limits(run: Int, slot: Int, runs: Int = 16) -> TableRunPlan.Limits {
        var limits = TableRunPlan.Limits()
        limits.runBytesMin = run
        limits.slotBytesMin = slot
        limits.runsMax = runs
        return limits
    }

    /// Slots with the bytes written to each in one key of a byte; negative: a delete.
    private func runs(
        _ slots: KeyValuePairs<UInt16, Int>,
        _ limits: TableRunPlan.Limits,
        keyBytes: Int = 1,
        previous: PreviousValue = .absent,
        filled: Set<UInt16> = []
    ) -> [Range<Int>] {
        let arena = [UInt8](repeating: 7, count: 1 << 16)
        return arena.withUnsafeBytes { arena in
            let writes = slots.map { slot, bytes in
                let value = UnsafeRawBufferPointer(rebasing: arena[..<max(0, bytes - keyBytes)])
                return EngineWrite(
                    slot: slot,
                    key: UnsafeRawBufferPointer(rebasing: arena[..<keyBytes]),
                    value: bytes < 0 ? nil : StoredValue(version: 1, expiry: 0, bytes: value),
                    previous: previous
                )
            }
            return writes.withUnsafeBufferPointer { TableRunPlan($0, limits) { !filled.contains($0) }.runs }
        }
    }

    @Test func aRunIsWhatLiesSideBySideInEmptySlots() {
        let limits = Self.limits(run: 300, slot: 100)
        #expect(runs([1: 100, 2: 100, 3: 100], limits) == [0..<3])
        #expect(runs([1: 100, 2: 100], limits) == [], "too little for a file")
        #expect(runs([1: 100, 2: 99, 3: 200, 4: 100], limits) == [2..<4], "a slot with little is no copy")
        #expect(runs([1: 100, 50: 100, 90: 100], limits) == [0..<3], "nothing lies between")
        #expect(runs([1: 100, 50: 100, 90: 100], limits, filled: [70]) == [])
        #expect(runs([1: 300, 50: 100, 90: 300], limits, filled: [70, 20]) == [0..<1, 2..<3])
        #expect(runs([1: 300, 2: 300], limits, filled: [1, 2]) == [0..<2], "more of a slot that is half there")
        #expect(runs([1: 300, 2: -1, 3: 300], limits) == [0..<1, 2..<3], "a delete")
        #expect(runs([1: 300], limits, previous: .unknown) == [0..<1])
        #expect(runs([1: 300], limits, previous: .present(bytes: 1, expiry: 0)) == [], "written over")
        #expect(runs([1: 3000], limits, keyBytes: 477) == [], "stored in another order than that of its bytes")
        #expect(runs([1: 300, 2: 1, 3: 300, 4: 1, 5: 300], Self.limits(run: 300, slot: 100, runs: 2)) == [])
        #expect(runs([:], limits) == [])
    }

    @Test func theRestIsWhatNoRunHas() {
        let limits = Self.limits(run: 300, slot: 100)
        let arena = [UInt8](repeating: 7, count: 400)
        arena.withUnsafeBytes { arena in
            let key = UnsafeRawBufferPointer(rebasing: arena[..<1])
            let slots: KeyValuePairs<UInt16, Int> = [0: 1, 1: 400, 2: 1, 3: 1, 9: 400]
            let writes = slots.map { slot, bytes in
                let value = UnsafeRawBufferPointer(rebasing: arena[..<bytes])
                return EngineWrite(slot: slot, key: key, value: StoredValue(version: 1, expiry: 0, bytes: value))
            }
            writes.withUnsafeBufferPointer {
                let plan = TableRunPlan($0, limits) { _ in true }
                #expect(plan.runs == [1..<2, 4..<5])
                #expect(plan.rest(of: 5) == [0..<1, 2..<4, 5..<5])
            }
        }
    }

    /// The same batches through table files and through the memtable: the same contents, counts and index.
    @Test(arguments: [1, 2, 3] as [UInt64]) func theContentsAreThoseOfAnyEngine(seed: UInt64) throws {
        let fixture = try EngineFixture(runLimits: Self.everything)
        var generator = SeededGenerator(seed: seed)
        var model: [EngineKeyOfSlot: Copied] = [:]
        for step in 1...120 {
            let batch = batch(&generator, model)
            try fixture.apply(batch)
            take(batch, into: &model, sequence: fixture.sequence)
            if step % 13 == 0 { try fixture.engine.flush() }
            if step % 31 == 0 {
                let slots = UInt16.random(in: 0...5, using: &generator)...5
                try fixture.engine.deleteSlots([slots], position: Position(term: 1, sequence: fixture.sequence))
                model = model.filter { !slots.contains($0.key.slot) }
            }
            if step % 20 == 0 {
                try check(fixture.engine, model)
                try fixture.engine.flush()
                try fixture.reopen()
                try check(fixture.engine, model)
            }
        }
    }

    /// After a crash the position is behind the contents, counts fit these, and the log's repetition ends as it should.
    @Test(arguments: [4, 5, 6] as [UInt64]) func aCrashBetweenIsRepeatedRight(seed: UInt64) throws {
        let fixture = try EngineFixture(runLimits: Self.everything)
        var generator = SeededGenerator(seed: seed)
        var model: [EngineKeyOfSlot: Copied] = [:]
        var batches: [(UInt64, [EngineFixture.Write])] = []
        for _ in 1...25 {
            let batch = batch(&generator, model)
            try fixture.apply(batch)
            take(batch, into: &model, sequence: fixture.sequence)
            batches.append((fixture.sequence, batch))
            let crashed = try fixture.crashCopy()
            defer { crashed.close() }
            let found = crashed.appliedPosition.sequence
            try check(crashed, nil)
            for (sequence, batch) in batches where sequence > found {
                let unknown = batch.map { write in
                    var write = write
                    write.previous = .unknown
                    return write
                }
                try EngineFixture.apply(unknown, to: crashed, sequence: sequence)
            }
            try check(crashed, model)
        }
        // That a file is the engine's at once is what this is about.
        #expect(try fixture.crashCopy().total.keys > 0)
    }

    @Test func whatACrashLeftIsRemoved() throws {
        let fixture = try EngineFixture(.rocksdb)
        let left = fixture.root + "/engine/ingest/0.sst"
        #expect(FileManager.default.createFile(atPath: left, contents: Data([1])))
        try fixture.reopen()
        #expect(!FileManager.default.fileExists(atPath: left))
    }

    /// A second file of a slot goes beside the first, below the memtable: nothing is written twice.
    @Test func theFilesAreTakenOverAsTheyAre() throws {
        let fixture = try EngineFixture(runLimits: Self.everything)
        for part in 0..<4 as Range<UInt8> {
            let writes = (0..<50 as Range<UInt8>).map { index in
                EngineFixture.Write(
                    name: EngineKeyOfSlot(slot: 100 + UInt16(part), key: [part, index]),
                    value: [UInt8](repeating: part, count: 1000),
                    previous: .absent
                )
            }
            try fixture.apply(writes)
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: fixture.root + "/engine/ingest")
        #expect(files.isEmpty)
        #expect(fixture.engine.total.keys == 200)
        #expect(try fixture.get(102, [2, 49])?.bytes.count == 1000)
    }

    // MARK: Model

    private func batch(
        _ generator: inout SeededGenerator,
        _ model: [EngineKeyOfSlot: Copied]
    ) -> [EngineFixture.Write] {
        var writes: [EngineKeyOfSlot: EngineFixture.Write] = [:]
        let isKnown = Bool.random(using: &generator)
        for _ in 0..<Int.random(in: 1...40, using: &generator) {
            let length = [1, 1, 2, 3, 470, 500].randomElement(using: &generator) ?? 1
            let name = EngineKeyOfSlot(
                slot: UInt16.random(in: 0...5, using: &generator),
                key: (0..<length).map { _ in UInt8.random(in: 0...5, using: &generator) }
            )
            var write = EngineFixture.Write(name: name)
            if Int.random(in: 0..<5, using: &generator) > 0 {
                write.value = [UInt8](repeating: 1, count: Int.random(in: 0...200, using: &generator))
                write.expiry = UInt64([0, 0, 700, 2000].randomElement(using: &generator) ?? 0)
            }
            if isKnown {
                write.previous = model[name].map { .present(bytes: $0.bytes.count, expiry: $0.expiry) } ?? .absent
            }
            writes[name] = write
        }
        return Array(writes.values)
    }

    private func take(
        _ batch: [EngineFixture.Write],
        into model: inout [EngineKeyOfSlot: Copied],
        sequence: UInt64
    ) {
        for write in batch {
            model[write.name] = write.value.map { Copied(version: sequence, expiry: write.expiry, bytes: $0) }
        }
    }

    /// Contents, counts and expiry index fit each other, and the model if there is one.
    private func check(_ engine: any StorageEngine, _ model: [EngineKeyOfSlot: Copied]?) throws {
        let snapshot = try engine.makeSnapshot()
        defer { snapshot.close() }
        var contents: [EngineKeyOfSlot: Copied] = [:]
        try snapshot.scan(slots: 0...16383, after: nil) { slot, key, value in
            contents[EngineKeyOfSlot(slot: slot, key: Array(key))] = Copied(
                version: value.version,
                expiry: value.expiry,
                bytes: Array(value.bytes)
            )
            return true
        }
        if let model { #expect(contents == model) }
        var counts = [SlotCount](repeating: SlotCount(), count: StorageLimits.slotCount)
        for (name, value) in contents {
            counts[Int(name.slot)].keys += 1
            counts[Int(name.slot)].bytes += UInt64(name.key.count + value.bytes.count)
        }
        #expect(engine.counts(of: 0...16383) == counts)
        var due: [EngineKeyOfSlot: UInt64] = [:]
        try engine.expired(now: 1000, limit: .max) { slot, key, expiry in
            due[EngineKeyOfSlot(slot: slot, key: Array(key))] = expiry
            return true
        }
        #expect(due == contents.compactMapValues { $0.expiry != 0 && $0.expiry <= 1000 ? $0.expiry : nil })
        let reader = try engine.makeReader()
        defer { reader.close() }
        for (name, value) in contents { #expect(try reader.copy(name.slot, name.key) == value) }
    }
}
