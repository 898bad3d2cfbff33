import FoundationEssentials
import Model
import Storage
import Testing

/// What a shard owns by its log, through everything that a log goes through.
@Suite struct ShardStoreOwnershipTests {
    private static let kinds = EngineKind.allCases

    @Test(arguments: kinds) func ownershipIsInTheLog(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { $0.applyAgeMilliseconds = 3_600_000 }
        #expect(fixture.store.ownedSlots() == nil)
        let first = try fixture.own(StoreFixture.slots(0...99), mapVersion: 7)
        #expect(first == fixture.store.log.end)
        fixture.write("a", "1")
        let second = try fixture.own(StoreFixture.slots(200...200), disown: StoreFixture.slots(10...19), mapVersion: 8)
        #expect(second.sequence == first.sequence + 2)
        let expected = SlotOwnership(slots: StoreFixture.slots(0...9, 20...99, 200...200), mapVersion: 8)
        #expect(fixture.store.ownedSlots() == expected)
        #expect(fixture.store.status().appliedPosition.sequence == 0)
        #expect(try StoreFixture(kind, copyOf: fixture.root).store.ownedSlots() == expected, "replayed")
        fixture.store.flushApplied()
        #expect(try StoreFixture(kind, copyOf: fixture.root).store.ownedSlots() == expected, "from the file")
        try fixture.reopen()
        #expect(fixture.store.ownedSlots() == expected)
        #expect(try fixture.read("a") == "1")
    }

    /// The file is written before the engine's transaction: a crash in between leaves it ahead of the engine.
    @Test(arguments: kinds) func aCrashBetweenTheFileAndTheEngine(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { $0.applyAgeMilliseconds = 3_600_000 }
        try fixture.own(StoreFixture.slots(0...9), mapVersion: 1)
        fixture.store.flushApplied()
        let applied = fixture.store.status().appliedPosition
        try fixture.own(StoreFixture.slots(20...29), disown: StoreFixture.slots(0...3), mapVersion: 2)
        fixture.write("a", "1")
        let crashed = FileManager.default.temporaryDirectory.path + "/shoal-store-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: crashed) }
        try StoreFixture.copy(fixture.root, to: crashed)
        #expect(fixture.store.status().appliedPosition == applied)
        fixture.store.flushApplied()
        try FileManager.default.removeItem(atPath: crashed + "/ownership")
        try FileManager.default.copyItem(atPath: fixture.root + "/ownership", toPath: crashed + "/ownership")
        let again = try StoreFixture(kind, copyOf: crashed)
        #expect(again.store.ownedSlots() == SlotOwnership(slots: StoreFixture.slots(4...9, 20...29), mapVersion: 2))
        #expect(try again.read("a") == "1")
        try again.own(disown: StoreFixture.slots(20...20), mapVersion: 3)
        try again.reopen()
        #expect(again.store.ownedSlots() == SlotOwnership(slots: StoreFixture.slots(4...9, 21...29), mapVersion: 3))
    }

    /// The log that has the record is gone, and the file beside the engine tells it.
    @Test(arguments: kinds) func ownershipOutlivesItsRecord(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { ($0.logKeepBytes, $0.segmentBytes) = (0, 64 << 10) }
        try fixture.own(StoreFixture.slots(5...7), mapVersion: 3)
        let record = fixture.store.log.end
        let value = String(repeating: "x", count: 1000)
        let started = ContinuousClock.now
        while fixture.store.log.start < record {
            guard started.duration(to: .now) < .seconds(60) else { Issue.record("the log is never cut"); break }
            for part in 0..<100 { fixture.write("k\(part)", value) }
            fixture.store.flushApplied()
            try fixture.store.engine.flush()
        }
        try fixture.reopen()
        #expect(fixture.store.log.start >= record)
        #expect(fixture.store.ownedSlots() == SlotOwnership(slots: StoreFixture.slots(5...7), mapVersion: 3))
    }

    @Test(arguments: kinds) func aReplicaOwnsWhatIsCommitted(kind: EngineKind) throws {
        let leader = try StoreFixture(kind)
        try leader.own(StoreFixture.slots(0...9), mapVersion: 1)
        let first = try #require(leader.store.ownedSlots())
        let replica = try StoreFixture(kind, leads: false)
        try replica.store.appendReplicated(try leader.batches(after: .zero))
        #expect(replica.store.ownedSlots() == nil, "not known to be committed")
        replica.store.advanceCommit(to: leader.store.log.end.sequence)
        #expect(replica.store.ownedSlots() == first)
        let committed = leader.store.log.end
        try leader.own(disown: StoreFixture.slots(3...3), mapVersion: 2)
        try replica.store.appendReplicated(try leader.batches(after: committed))
        #expect(replica.store.ownedSlots() == first)
        // Another leads, and never had that record.
        try replica.store.truncate(after: committed)
        try replica.reopen(leads: false)
        replica.store.advanceCommit(to: .max)
        #expect(replica.store.ownedSlots() == first)
    }

    /// A snapshot replaces what was owned, also by nothing known.
    @Test(arguments: kinds) func aSnapshotBringsItsOwnership(kind: EngineKind) throws {
        let replica = try StoreFixture(kind)
        try replica.own(StoreFixture.slots(0...9), mapVersion: 1)
        replica.store.flushApplied()
        replica.store.stepDown(because: StorageError(.notLeader, "test"))
        let owned = SlotOwnership(slots: StoreFixture.slots(4...5), mapVersion: 6)
        try replica.store.beginInstall()
        #expect(replica.store.ownedSlots() == nil)
        try replica.store.finishInstall(position: Position(term: 4, sequence: 90), owned: owned)
        #expect(replica.store.ownedSlots() == owned)
        try replica.reopen(leads: false)
        #expect(replica.store.ownedSlots() == owned)
        #expect(replica.store.log.end == Position(term: 4, sequence: 90))
        try replica.store.beginInstall()
        try replica.store.finishInstall(position: Position(term: 4, sequence: 91), owned: nil)
        try replica.reopen(leads: false)
        #expect(replica.store.ownedSlots() == nil)
    }

    @Test(arguments: kinds) func aSnapshotCutShortLeavesNothing(kind: EngineKind) throws {
        let replica = try StoreFixture(kind)
        try replica.own(StoreFixture.slots(0...9), mapVersion: 1)
        replica.store.flushApplied()
        replica.store.stepDown(because: StorageError(.notLeader, "test"))
        try replica.store.beginInstall()
        try replica.reopen(leads: false)
        #expect(replica.store.ownedSlots() == nil)
        #expect(replica.store.commitPosition == .zero)
    }

    @Test func encodedOwnershipIsCheckedWhenItIsRead() throws {
        var every = SlotSet()
        for slot in stride(from: UInt16(0), to: 16384, by: 2) { every.insert(slot...slot) }
        for slots in [SlotSet(), StoreFixture.slots(0...16383), StoreFixture.slots(0...0, 16383...16383), every] {
            let ownership = SlotOwnership(slots: slots, mapVersion: 1 << 40)
            let bytes = ownership.encoded
            #expect(bytes.count <= SlotOwnership.encodedBytesMax)
            #expect(bytes.withUnsafeBytes { SlotOwnership($0) } == ownership)
            #expect(bytes.dropLast().withUnsafeBytes { SlotOwnership($0) } == nil)
        }
        #expect(SlotOwnership(slots: every, mapVersion: 1).encoded.count == SlotOwnership.encodedBytesMax)
        let head = [UInt8](repeating: 0, count: 8)
        let wrong: [[UInt8]] = [[9, 0, 3, 0], [0, 0, 0, 64], [5, 0, 9, 0, 9, 0, 12, 0], [5, 0, 9, 0, 1, 0, 2, 0]]
        for ranges in wrong {
            #expect((head + ranges).withUnsafeBytes { SlotOwnership($0) } == nil, "\(ranges)")
        }
    }
}
