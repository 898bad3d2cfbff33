import Foundation
import Model
import Storage
import Testing

/// What is counted, and whose keys expire, while slots come and go.
@Suite struct ShardStoreCountTests {
    private static let kinds = EngineKind.allCases

    /// Keys of every slot from 0 to 63, and how many are in the lower half.
    private func fill(_ fixture: StoreFixture, _ keys: Range<Int>) -> UInt64 {
        for number in keys { fixture.queue("k\(number)", "v") }
        fixture.store.commit()
        return UInt64(keys.count { StoreFixture.slot("k\($0)") < 32 })
    }

    @Test(arguments: kinds) func countsLeaveOutWhatIsNotOwned(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { $0.applyAgeMilliseconds = 3_600_000 }
        let lower = fill(fixture, 0..<500)
        #expect(fixture.store.total().keys == 500, "while the log says nothing, all of them count")
        #expect(try fixture.store.leftoverSlots() == leftovers(fixture.store.slotCounts(), from: 0))
        try fixture.own(StoreFixture.slots(0...31))
        try fixture.importKeys([.init(key: "k0", value: "in the hot table", version: 3)])
        let expected = SlotCount(keys: lower, bytes: bytes(0..<500))
        #expect(fixture.store.total().keys == expected.keys)
        let all = fixture.store.slotCounts()
        #expect(all.count == StorageLimits.slotCount)
        #expect(all.reduce(0) { $0 + $1.keys } == 500, "what is here")
        #expect(try fixture.store.leftoverSlots() == leftovers(all, from: 32))
        try fixture.store.clear(StoreFixture.slots(40...63), term: fixture.term, port: fixture.port)
        #expect(try fixture.store.leftoverSlots() == leftovers(Array(all[..<40]), from: 32))
        try fixture.own(disown: StoreFixture.slots(0...31), mapVersion: 2)
        #expect(fixture.store.total() == SlotCount())
        #expect(try fixture.store.leftoverSlots() == leftovers(Array(all[..<40]), from: 0))
    }

    @Test(arguments: kinds) func filesAndMemoryAreTold(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        for number in 0..<200 { fixture.queue("k\(number)", String(repeating: "v", count: 1_000)) }
        fixture.store.commit()
        fixture.store.flushApplied()
        try fixture.store.engine.flush()
        func metrics() -> [String: UInt64] {
            Dictionary(fixture.store.storageMetrics().map { ($0.name, $0.value) }) { first, _ in first }
        }
        let told = metrics()
        #expect(told["log_bytes"] ?? 0 > 200_000 && told["log_segments"] == 1 && told["unapplied_bytes"] == 0)
        #expect(told["hot_table_bytes"] ?? 0 > 200_000 && told["hot_table_entries"] == 200)
        #expect(told["engine_file_bytes"] ?? 0 > 1_000)
        // Others write to the same disk meanwhile.
        let free = try FileManager.default.attributesOfFileSystem(forPath: fixture.root)[.systemFreeSize] as? Int
        #expect(abs(Int(told["disk_free_bytes"] ?? 0) - (free ?? 0)) < 1 << 30)
        fixture.store.engine.close()
        #expect(metrics()["engine_file_bytes"] == nil && metrics()["log_segments"] == 1)
    }

    /// An engine that can't take what is committed, on a full disk, knows of none of it: what a cancelled move left there
    /// was missed for ever, since nobody looked again.
    @Test(arguments: kinds) func leftoversAreNotToldByAnEngineThatIsBehind(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        try fixture.own(StoreFixture.slots(0...31))
        fixture.store.flushApplied()
        fixture.store.engine.close()
        try fixture.importKeys([.init(key: "left", value: "in the hot table", version: 3)])
        #expect {
            try fixture.store.leftoverSlots()
        } throws: {
            ($0 as? StorageError)?.message.contains("closed") == true
        }
    }

    private func bytes(_ keys: Range<Int>) -> UInt64 {
        keys.reduce(0) { $0 + UInt64("k\($1)".utf8.count + 1) }
    }

    private func leftovers(_ counts: [SlotCount], from first: Int) -> SlotSet {
        var set = SlotSet()
        for slot in first..<counts.count where counts[slot].keys > 0 { set.insert(UInt16(slot)...UInt16(slot)) }
        return set
    }

    /// Another shard's keys are not deleted here, however many of them have expired, and whatever of them comes first.
    @Test(arguments: kinds) func whatIsNotServedDoesNotExpireHere(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        let now = Clock.wallMilliseconds()
        try fixture.own(StoreFixture.slots(0...63))
        let served = StoreFixture.slots(0...31)
        fixture.store.setServing(SlotServing(served: served, writesHeld: StoreFixture.slots(32...47)))
        for number in 0..<3000 where StoreFixture.slot("k\(number)") >= 32 {
            fixture.queue("k\(number)", "v", expiry: now - 2000)
        }
        fixture.queue("mine", "v", expiry: now - 1000)
        fixture.store.commit()
        let mine = StoreFixture.slot("mine")
        #expect(served.contains(mine))
        let others = fixture.store.counts(of: 32...63)
        try wait { fixture.store.counts(of: mine...mine)[0].keys == 0 }
        #expect(fixture.store.counts(of: 32...63) == others)
        // Without a gate, what the log says is owned expires.
        try fixture.own(disown: StoreFixture.slots(48...63), mapVersion: 2)
        fixture.store.setServing(nil)
        try wait { fixture.store.counts(of: 32...47).allSatisfy { $0.keys == 0 } }
        #expect(fixture.store.counts(of: 48...63) == Array(others[16...]))
    }

    private func wait(until condition: () -> Bool) throws {
        let started = ContinuousClock.now
        while !condition() {
            guard started.duration(to: .now) < .seconds(60) else { Issue.record("it never comes"); return }
        }
    }
}
