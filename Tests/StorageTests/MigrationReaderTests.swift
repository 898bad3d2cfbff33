import Model
import Storage
import Testing

/// Slots that are read while they change: chunks, then the log over them, make the state at the end.
@Suite struct MigrationReaderTests {
    private static let kinds = EngineKind.allCases
    private static let moving = StoreFixture.slots(3...9, 20...20, 40...62)

    private struct Entry: Hashable {
        var slot: UInt16
        var version: UInt64
        var expiry: UInt64
        var value: [UInt8]
    }

    /// The source's writes go on between any two calls; the target is a store of the other engine.
    @Test(arguments: kinds, [1, 2, 3]) func chunksAndThenLogMakeTheFinalState(kind: EngineKind, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let source = try StoreFixture(kind) { ($0.applyBytes, $0.segmentBytes) = (20_000, 64 << 10) }
        let target = try StoreFixture(kind == .lmdb ? .rocksdb : .lmdb) { $0.applyBytes = 20_000 }
        try source.own(StoreFixture.slots(0...63))
        try target.own(StoreFixture.slots(0...0))
        for number in 0..<800 { source.write("k\(number)", "first \(number)") }
        let reader = MigrationReader(store: source.store, slots: Self.moving)
        let opened = try reader.open()
        source.store.pinLog(id: 1, after: opened.position.sequence)
        #expect(opened.position == source.store.commitPosition)
        #expect(opened.keys == UInt64((0..<800).count { Self.moving.contains(StoreFixture.slot("k\($0)")) }))
        var isAtEnd = false
        while !isAtEnd {
            isAtEnd = try copyChunk(reader, to: target, limit: Int.random(in: 0..<800, using: &random))
            for _ in 0..<20 { change(source, &random) }
        }
        var through = opened.position.sequence
        for round in 0..<200 {
            through = try ship(reader, after: through, to: target, &random)
            if round < 100 { for _ in 0..<10 { change(source, &random) } }
            // What was only queued would become visible between the two looks at the end: the applier commits it, too.
            if round == 100 { source.commitAll() }
        }
        #expect(through == source.store.commitPosition.sequence)
        #expect(try contents(target) == (try contents(source)))
        let strangers = try target.store.leftoverSlots().subtracting(Self.moving)
        #expect(strangers.isEmpty, "keys of slots that nobody moves")
        _ = try target.store.jump(above: through, term: target.term, port: target.port)
        target.write("k1", "later")
        #expect(try target.versioned("k1").map { $0.version > through } == true)
        source.store.pinLog(id: 1, after: nil)
    }

    private func change(_ source: StoreFixture, _ random: inout SeededGenerator) {
        let key = "k\(Int.random(in: 0..<900, using: &random))"
        switch Int.random(in: 0..<6, using: &random) {
        case 0: source.write(key, nil)
        case 1: source.write(key, "timed", expiry: (1 << 50) + UInt64.random(in: 0..<9, using: &random))
        case 2: source.queue(key, "queued with the next")
        default: source.write(key, String(repeating: key, count: Int.random(in: 0..<30, using: &random)))
        }
        if Int.random(in: 0..<40, using: &random) == 0 { source.store.flushApplied() }
    }

    private func copyChunk(_ reader: MigrationReader, to target: StoreFixture, limit: Int) throws -> Bool {
        var taken: [(key: [UInt8], entry: Entry)] = []
        let isAtEnd = try reader.nextEntries(maxBytes: limit) { slot, key, value in
            let entry = Entry(slot: slot, version: value.version, expiry: value.expiry, value: Array(value.bytes))
            taken.append((Array(key), entry))
            return taken.count < 100
        }
        let places = taken.map { (Int($0.entry.slot), String(decoding: $0.key, as: UTF8.self)) }
        #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 }, "by slot and key")
        #expect(taken.allSatisfy { Self.moving.contains($0.entry.slot) } && taken.count <= 100)
        add(taken.map { ($0.key, $0.entry) }, to: target)
        return isAtEnd
    }

    private func ship(
        _ reader: MigrationReader,
        after: UInt64,
        to target: StoreFixture,
        _ random: inout SeededGenerator
    ) throws -> UInt64 {
        var records: [([UInt8], Entry?)] = []
        let countMax = Int.random(in: 1..<40, using: &random)
        let scanMax = Int.random(in: 1..<20_000, using: &random)
        var last = after
        let committedBefore = source(of: reader)
        let (through, left) = try reader.readLog(after: after, maxScanBytes: scanMax) { record, sequence in
            #expect(sequence > last && Self.moving.contains(record.slot))
            guard records.count < countMax else { return false }
            last = sequence
            let value = StoredValue(record, sequence: sequence)
            let entry = Entry(
                slot: record.slot,
                version: value.version,
                expiry: value.expiry,
                value: Array(value.bytes)
            )
            records.append((Array(record.key), record.kind == .delete ? nil : entry))
            return true
        }
        let committed = source(of: reader)
        #expect(through >= last && through <= committed)
        // What was queued may be committed by the store's own thread while the call goes on.
        #expect(left == 0 || through < committed, "\(left) bytes left behind \(through) of \(committed)")
        #expect(left > 0 || through >= committedBefore, "nothing left behind \(through) of \(committedBefore)")
        add(records, to: target)
        return through
    }

    private func source(of reader: MigrationReader) -> UInt64 {
        reader.store.committedEnd.sequence
    }

    private func add(_ entries: [([UInt8], Entry?)], to target: StoreFixture) {
        do {
            try target.store.importKeys(bytes: entries.count * 300, term: target.term, port: target.port) { add in
                for (key, entry) in entries {
                    key.withUnsafeBytes { key in
                        let slot = StoreFixture.slot(String(decoding: key, as: UTF8.self))
                        guard let entry else { return add(slot, key, nil) }
                        entry.value.withUnsafeBytes {
                            add(slot, key, StoredValue(version: entry.version, expiry: entry.expiry, bytes: $0))
                        }
                    }
                }
            }
        } catch {
            Issue.record(error)
        }
    }

    private func contents(_ fixture: StoreFixture) throws -> [[UInt8]: Entry] {
        let snapshot = try fixture.store.snapshot()
        defer { snapshot.close() }
        var found: [[UInt8]: Entry] = [:]
        try snapshot.scan(slots: 0...16383, after: nil) { slot, key, value in
            guard Self.moving.contains(slot) else { return true }
            found[Array(key)] = Entry(
                slot: slot,
                version: value.version,
                expiry: value.expiry,
                value: Array(value.bytes)
            )
            return true
        }
        return found
    }

    @Test(arguments: kinds) func readsOnlyWhatIsCommitted(kind: EngineKind) throws {
        let source = try StoreFixture(kind, leads: false)
        try source.store.beginTerm(5) { $0.waitsForReplicas = true }
        source.store.advanceReplicated(to: 1)
        var all = SlotSet()
        all.insert(0...63)
        let reader = MigrationReader(store: source.store, slots: all)
        let after = try reader.open().position.sequence
        source.write("a", "1")
        var seen: [UInt64] = []
        func read() throws -> (through: UInt64, bytesLeft: UInt64) {
            try reader.readLog(after: seen.last ?? after, maxScanBytes: 1 << 20) { record, sequence in
                if record.changesKey { seen.append(sequence) }
                return true
            }
        }
        #expect(try read() == (1, 0) && seen.isEmpty)
        source.store.advanceReplicated(to: 2)
        source.write("b", "2")
        #expect(try read() == (2, 0) && seen == [2])
        source.store.advanceReplicated(to: 3)
        #expect(try read() == (3, 0) && seen == [2, 3])
    }

    @Test func aClearOfTheSlotsIsNoCatchingUp() throws {
        let source = try StoreFixture(.lmdb)
        for number in 0..<200 { source.write("k\(number)", "v") }
        var slots = SlotSet()
        slots.insert(5...5)
        let reader = MigrationReader(store: source.store, slots: slots)
        let after = try reader.open().position.sequence
        _ = try source.clear(6...20)
        let (through, _) = try reader.readLog(after: after, maxScanBytes: 1 << 20) { _, _ in true }
        #expect(through == source.store.commitPosition.sequence, "others don't matter")
        _ = try source.clear(0...20)
        let error = #expect(throws: StorageError.self) {
            try reader.readLog(after: through, maxScanBytes: 1 << 20) { _, _ in true }
        }
        #expect(error?.code == .corrupt)
    }

    /// Until so much log hangs on it that the disk is in danger.
    @Test(arguments: kinds) func pinnedLogIsKeptUpToItsBound(kind: EngineKind) throws {
        let source = try StoreFixture(kind) { options in
            (options.logKeepBytes, options.segmentBytes, options.applyBytes) = (0, 64 << 10, 10_000)
            options.pinnedLogBytesMax = 1 << 20
        }
        var slots = SlotSet()
        slots.insert(0...63)
        let reader = MigrationReader(store: source.store, slots: slots)
        let after = try reader.open().position.sequence
        source.store.pinLog(id: 4, after: after)
        grow(source, bytes: 500_000)
        #expect(source.store.log.start.sequence <= after && source.store.log.segmentCount > 4)
        var records = 0
        _ = try reader.readLog(after: after, maxScanBytes: 1 << 30) { _, _ in
            records += 1
            return true
        }
        #expect(records > 100)
        try growUntilCut(source, after)
        let fresh = MigrationReader(store: source.store, slots: slots)
        for reader in [reader, fresh] {
            let error = #expect(throws: StorageError.self) {
                try reader.readLog(after: after, maxScanBytes: 1 << 20) { _, _ in true }
            }
            #expect(error?.code == .logCut)
        }
    }

    @Test func aPinMovesAndLetsGo() throws {
        let source = try StoreFixture(.lmdb) { options in
            (options.logKeepBytes, options.segmentBytes, options.applyBytes) = (0, 64 << 10, 10_000)
        }
        let first = source.store.commitPosition.sequence
        source.store.pinLog(id: 9, after: first)
        grow(source, bytes: 300_000)
        #expect(source.store.log.start.sequence <= first)
        let second = source.store.commitPosition.sequence
        source.store.pinLog(id: 9, after: second)
        try growUntilCut(source, first)
        grow(source, bytes: 300_000)
        #expect(source.store.log.start.sequence <= second)
        source.store.pinLog(id: 9, after: nil)
        try growUntilCut(source, second)
    }

    private func grow(_ source: StoreFixture, bytes: Int) {
        let value = String(repeating: "x", count: 1000)
        for number in 0..<(bytes / 1000) {
            source.write("k\(number % 50)", value)
            if number % 50 == 0 { source.store.flushApplied() }
        }
    }

    private func growUntilCut(_ source: StoreFixture, _ sequence: UInt64) throws {
        let started = ContinuousClock.now
        while source.store.log.start.sequence <= sequence {
            guard started.duration(to: .now) < .seconds(60) else { Issue.record("the log is never cut"); return }
            grow(source, bytes: 100_000)
            // What the engine has not on its disk keeps the log, too.
            try source.store.engine.flush()
        }
    }
}
