import Model
import Storage
import Testing

/// Counts and the expiry index, against a model over random operations.
@Suite("Engine counts and expiry") struct EngineCountTests {
    private struct Entry: Hashable {
        var bytes: Int
        var expiry: UInt64
    }

    @Test(arguments: EngineKind.allCases, [false, true])
    func exactOverRandomOperations(kind: EngineKind, known: Bool) throws {
        let fixture = try EngineFixture(kind)
        var generator = SeededGenerator(seed: known ? 21 : 22)
        var model: [EngineKeyOfSlot: Entry] = [:]
        for step in 0..<400 {
            let slot = UInt16([0, 255, 256, 16383].randomElement(using: &generator) ?? 0)
            let length = [1, 2, 476, 500].randomElement(using: &generator) ?? 1
            let key = [UInt8](repeating: UInt8.random(in: 0...3, using: &generator), count: length)
            let name = EngineKeyOfSlot(slot: slot, key: key)
            let old = model[name]
            let told = old.map { PreviousValue.present(bytes: $0.bytes, expiry: $0.expiry) } ?? .absent
            let previous = known ? told : .unknown
            if UInt8.random(in: 0...2, using: &generator) == 0 {
                try fixture.delete(slot, key, previous: previous)
                model[name] = nil
            } else {
                let count = Int.random(in: 0...300, using: &generator)
                let expiry = UInt64([0, 5, 1000, 2000].randomElement(using: &generator) ?? 0)
                try fixture.put(slot, key, [UInt8](repeating: 1, count: count), expiry: expiry, previous: previous)
                model[name] = Entry(bytes: count, expiry: expiry)
            }
            if step % 100 == 99 {
                try check(fixture, model)
                try fixture.reopen()
                try check(fixture, model)
            }
        }
    }

    private func check(_ fixture: EngineFixture, _ model: [EngineKeyOfSlot: Entry]) throws {
        var counts = [SlotCount](repeating: SlotCount(), count: StorageLimits.slotCount)
        for (name, entry) in model {
            counts[Int(name.slot)].keys += 1
            counts[Int(name.slot)].bytes += UInt64(name.key.count + entry.bytes)
        }
        #expect(fixture.engine.counts(of: 0...16383) == counts)
        #expect(fixture.engine.total.keys == UInt64(model.count))
        #expect(fixture.engine.total.bytes == counts.reduce(0) { $0 + $1.bytes })
        let due = model.filter { $0.value.expiry != 0 && $0.value.expiry <= 1000 }
        let found = try fixture.expired(now: 1000)
        #expect(found.map(\.expiry) == found.map(\.expiry).sorted())
        #expect(found.count == due.count)
        for entry in found { #expect(due[EngineKeyOfSlot(slot: entry.slot, key: entry.key)]?.expiry == entry.expiry) }
    }

    @Test(arguments: EngineKind.allCases) func expiredComesSoonestFirstWithinItsLimit(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.put(9, [9], [1], expiry: 300)
        try fixture.put(1, [1], [1], expiry: .max)
        try fixture.put(2, [2], [1], expiry: 100)
        try fixture.put(3, [3], [1], expiry: 1 << 40)
        #expect(try fixture.expired(now: 99).isEmpty)
        #expect(try fixture.expired(now: 300).map(\.slot) == [2, 9])
        #expect(try fixture.expired(now: .max, limit: 3).map(\.slot) == [2, 9, 3])
        #expect(
            try fixture.expired(now: .max, limit: 1, skipping: [2]).map(\.slot) == [9],
            "what is not taken doesn't count"
        )
        try fixture.put(2, [2], [1])
        #expect(try fixture.expired(now: .max).map(\.slot) == [9, 3, 1])
        try fixture.engine.deleteSlots([3...9], position: Position(term: 1, sequence: 9))
        #expect(try fixture.expired(now: .max).map(\.slot) == [1])
        try fixture.engine.eraseAll()
        #expect(try fixture.expired(now: .max).isEmpty)
    }

    @Test(arguments: EngineKind.allCases) func deleteSlotsTakesThoseAndNoOthers(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let slots: [UInt16] = [0, 1, 8000, 16382, 16383]
        // More keys than one step deletes, most of them expiring.
        let many = (0..<20_000).map { number in (UInt16(8000), [UInt8(number >> 8), UInt8(number & 0xFF)]) }
        try fixture.fill(many, value: [1, 2, 3], expiry: 50)
        for slot in slots where slot != 8000 { try fixture.put(slot, [0xFF, 0xFF, 1], [1], expiry: 60) }
        try fixture.engine.deleteSlots([0...0], position: Position(term: 1, sequence: 100))
        try fixture.engine.deleteSlots([16383...16383], position: Position(term: 1, sequence: 101))
        #expect(try fixture.engine.makeSnapshot().keys(limit: 1).map(\.slot) == [1])
        #expect(fixture.engine.total.keys == 20_002)
        try fixture.engine.deleteSlots([2...16381], position: Position(term: 1, sequence: 102))
        for _ in 0..<2 {
            #expect(try fixture.engine.makeSnapshot().keys().map(\.slot) == [1, 16382])
            #expect(try fixture.expired(now: 100).map(\.slot) == [1, 16382])
            #expect(fixture.engine.total == SlotCount(keys: 2, bytes: 8))
            #expect(fixture.engine.counts(of: 8000...8000) == [SlotCount()])
            #expect(fixture.engine.appliedPosition == Position(term: 1, sequence: 102))
            try fixture.reopen()
        }
    }
}
