import Model
import Storage
import Synchronization
import Testing

/// Keys that come from another shard: their versions, and those that follow.
@Suite struct ShardStoreImportTests {
    private static let kinds = EngineKind.allCases

    @Test(arguments: kinds) func importsKeepTheirVersionsEverywhere(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { $0.applyAgeMilliseconds = 3_600_000 }
        try fixture.importKeys([
            .init(key: "a", value: "far", version: 70_000), .init(key: "b", value: "low", version: 1, expiry: 1 << 50),
            .init(key: "c", value: "gone", version: 9), .init(key: "c", value: nil, version: 0),
            .init(key: "d", value: "", version: 8),
        ])
        try check(fixture)
        // Nothing has been applied: the copy replays it.
        #expect(fixture.store.status().appliedPosition.sequence == 0)
        try check(try StoreFixture(kind, copyOf: fixture.root))
        fixture.store.flushApplied()
        try fixture.reopen()
        try check(fixture)
        #expect(fixture.store.total() == SlotCount(keys: 3, bytes: 9))
    }

    private func check(_ fixture: StoreFixture) throws {
        #expect(try fixture.versioned("a") ?? ("", 0) == ("far", 70_000))
        #expect(try fixture.versioned("b") ?? ("", 0) == ("low", 1))
        #expect(try fixture.versioned("c") == nil)
        #expect(try fixture.versioned("d") ?? ("", 0) == ("", 8))
    }

    /// What a write in flight shows to the commands behind it has the version that it will have.
    @Test func importsAreReadInFlight() throws {
        let fixture = try StoreFixture(.lmdb, leads: false)
        try fixture.store.beginTerm(5) { $0.waitsForReplicas = true }
        fixture.store.advanceReplicated(to: 1)
        let store = fixture.store
        let port = fixture.port
        let thread = StoreThread {
            let key = Array("a".utf8)
            try? store.importKeys(bytes: 100, term: 5, port: port) { add in
                key.withUnsafeBytes { key in
                    add(StoreFixture.slot("a"), key, StoredValue(version: 77, expiry: 0, bytes: key))
                }
            }
        }
        let started = ContinuousClock.now
        while try fixture.versioned("a", pending: true) == nil {
            guard started.duration(to: .now) < .seconds(20) else { Issue.record("nothing is in flight"); break }
        }
        #expect(try fixture.versioned("a", pending: true) ?? ("", 0) == ("a", 77))
        #expect(try fixture.versioned("a") == nil)
        store.advanceReplicated(to: 2)
        thread.join()
        #expect(try fixture.versioned("a") ?? ("", 0) == ("a", 77))
    }

    @Test(arguments: kinds) func aJumpLiftsWhatFollowsAboveWhatCame(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        try fixture.importKeys([.init(key: "a", value: "1", version: 5000)])
        let before = fixture.store.log.end.sequence
        let end = try fixture.store.jump(above: 5000, term: fixture.term, port: fixture.port)
        #expect(before < 5000 && end.sequence >= 5000 && end == fixture.store.log.end)
        #expect(
            try fixture.store.jump(above: 5000, term: fixture.term, port: fixture.port) == end,
            "it is there already"
        )
        fixture.write("a", "2")
        #expect(try fixture.versioned("a") ?? ("", 0) == ("2", end.sequence + 1))
        try fixture.reopen()
        // The copy has a term's first record, too, of a batch that skips nothing.
        #expect(fixture.store.log.end.sequence == end.sequence + 2)
        fixture.write("b", "3")
        #expect(try fixture.versioned("b")?.version == end.sequence + 3)
        try check(replica: try StoreFixture(kind, leads: false), of: fixture)
    }

    /// A replica takes in the same batches, one at a time, and has the same versions and end.
    private func check(replica: StoreFixture, of fixture: StoreFixture) throws {
        for batch in try fixture.batches(after: .zero) {
            try replica.store.appendReplicated([batch])
            replica.store.advanceCommit(to: batch.end.sequence)
            #expect(replica.store.commitPosition == batch.end)
        }
        #expect(replica.store.log.end == fixture.store.log.end)
        for key in ["a", "b"] {
            #expect(try replica.versioned(key)?.version == (try fixture.versioned(key)?.version))
        }
    }

    @Test func aJumpThatNoLogCanMakeIsRefused() throws {
        let fixture = try StoreFixture(.lmdb)
        let end = fixture.store.log.end
        let error = #expect(throws: StorageError.self) {
            try fixture.store.jump(above: ShardStore.sequenceMax, term: fixture.term, port: fixture.port)
        }
        #expect(error?.code == .outOfRange)
        #expect(fixture.store.log.end == end)
    }

    @Test(arguments: kinds) func clearsSlotsThatAreNotOwned(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        let slots = StoreFixture.slots(0...31)
        try fixture.own(StoreFixture.slots(32...63))
        try fixture.importKeys((0..<200).map { .init(key: "k\($0)", value: "v", version: 10) })
        fixture.store.flushApplied()
        try fixture.importKeys((200..<300).map { .init(key: "k\($0)", value: "v", version: 10) })
        try fixture.store.clear(slots, term: fixture.term, port: fixture.port)
        for key in (0..<300).map({ "k\($0)" }) {
            #expect((try fixture.versioned(key) == nil) == (StoreFixture.slot(key) < 32), "\(key)")
        }
        let end = fixture.store.log.end
        try fixture.store.clear(slots, term: fixture.term, port: fixture.port)
        #expect(fixture.store.log.end == end, "nothing is there, nothing is appended")
        try fixture.importKeys([.init(key: "k0", value: "again", version: 11)])
        try fixture.reopen()
        #expect(fixture.store.counts(of: 0...31).allSatisfy { $0.keys <= 1 })
        for key in (1..<300).map({ "k\($0)" }) {
            #expect((try fixture.versioned(key) == nil) == (StoreFixture.slot(key) < 32), "\(key)")
        }
        #expect(try fixture.versioned("k0") ?? ("", 0) == ("again", 11))
    }

    @Test func nothingIsAppendedInAnotherTerm() throws {
        let fixture = try StoreFixture(.lmdb)
        fixture.store.stepDown(because: StorageError(.notLeader, "test"))
        try checkRefused(fixture, term: 1)
        try fixture.store.becomeLeader()
        #expect(fixture.term == 2)
        try checkRefused(fixture, term: 1)
        try fixture.own(StoreFixture.slots(0...9))
    }

    private func checkRefused(_ fixture: StoreFixture, term: UInt64) throws {
        let (store, port, end) = (fixture.store, fixture.port, fixture.store.log.end)
        let slots = StoreFixture.slots(0...63)
        let attempts: [() throws -> Void] = [
            { _ = try store.changeOwnership(own: slots, disown: slots, mapVersion: 1, term: term, port: port) },
            { _ = try store.jump(above: 1000, term: term, port: port) },
            { _ = try store.jump(above: 0, term: term, port: port) },
            { try store.clear(slots, term: term, port: port) },
            { try fixture.importKeys([.init(key: "a", value: "1", version: 1)], term: term) },
        ]
        for attempt in attempts {
            let error = #expect(throws: StorageError.self) { try attempt() }
            #expect(error?.code == .notLeader)
        }
        #expect(store.log.end == end)
        #expect(store.ownedSlots() == nil)
    }

    /// The append is on this disk, and waits for replicas, when the lead ends: nobody can tell what becomes of it.
    @Test func anAppendWhoseTermEndsIsNotToldToBeDone() throws {
        let fixture = try StoreFixture(.lmdb, leads: false)
        try fixture.store.beginTerm(5) { $0.waitsForReplicas = true }
        fixture.store.advanceReplicated(to: 1)
        let (store, port) = (fixture.store, fixture.port)
        let outcome = Mutex<StorageError.Code?>(nil)
        let thread = StoreThread {
            do throws(StorageError) {
                _ = try store.jump(above: 1000, term: 5, port: port)
            } catch {
                outcome.withLock { $0 = error.code }
            }
        }
        let started = ContinuousClock.now
        while store.inFlightEnd == nil {
            guard started.duration(to: .now) < .seconds(20) else { Issue.record("nothing is in flight"); break }
        }
        store.stepDown(because: StorageError(.notLeader, "test"))
        thread.join()
        #expect(outcome.withLock { $0 } == .notLeader)
        #expect(store.commitPosition.sequence == 1)
    }

    @Test func anAppendWaitsWhileWritesAreHeld() throws {
        let fixture = try StoreFixture(.lmdb)
        fixture.store.setHold(.writes)
        let (store, port, end) = (fixture.store, fixture.port, fixture.store.log.end)
        let done = Mutex(false)
        let thread = StoreThread {
            _ = try? store.jump(above: 1000, term: 1, port: port)
            done.withLock { $0 = true }
        }
        let started = ContinuousClock.now
        // It has asked, and waits.
        while !store.lock.withLock({ port.isAwaitingRoom }) {
            guard started.duration(to: .now) < .seconds(20) else { Issue.record("it does not ask"); break }
        }
        #expect(!done.withLock { $0 } && store.log.end == end)
        store.setHold(.none)
        thread.join()
        #expect(store.log.end.sequence >= 1000)
    }
}
