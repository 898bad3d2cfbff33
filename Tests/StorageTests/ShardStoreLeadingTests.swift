import Storage
import Testing

/// What the store does with a mandate: commits that wait for replicas, leases, holds.
@Suite struct ShardStoreLeadingTests {
    /// A leader in term 5 whose writes wait for replicas.
    private func replicated(_ kind: EngineKind, _ change: (inout Mandate) -> Void = { _ in }) throws -> StoreFixture {
        let fixture = try StoreFixture(kind, leads: false)
        try fixture.store.beginTerm(5) { mandate in
            mandate.waitsForReplicas = true
            change(&mandate)
        }
        return fixture
    }

    private func isLeading(_ fixture: StoreFixture) -> Bool {
        fixture.store.lock.withLock { fixture.store.leadsNow }
    }

    @Test(arguments: EngineKind.allCases) func servesOnceItsTermIsOnEveryDisk(kind: EngineKind) throws {
        let fixture = try replicated(kind)
        #expect(!isLeading(fixture))
        #expect(fixture.store.log.syncedEnd == Position(term: 5, sequence: 1))
        #expect(fixture.store.figures().commitPosition == .zero)
        fixture.store.advanceReplicated(to: 1)
        #expect(isLeading(fixture))
        #expect(fixture.store.figures().commitPosition == Position(term: 5, sequence: 1))
    }

    @Test(arguments: EngineKind.allCases) func aWriteIsVisibleOnceReplicasHaveIt(kind: EngineKind) throws {
        let fixture = try replicated(kind)
        fixture.store.advanceReplicated(to: 1)
        let first = fixture.queue("a", "1")
        fixture.store.commit()
        let second = fixture.queue("a", "2")
        fixture.store.commit()
        #expect(fixture.store.log.syncedEnd.sequence == 2, "one batch in flight at a time")
        #expect(try fixture.read("a") == nil)
        #expect(try fixture.read("a", pending: true) == "2")
        #expect(fixture.signals.committed < first)
        fixture.store.advanceReplicated(to: 2)
        #expect(try fixture.read("a") == "1")
        #expect(fixture.signals.committed == first)
        fixture.store.commit()
        fixture.store.changeMandate { $0.waitsForReplicas = false }
        #expect(try fixture.read("a") == "2", "those that it waited for have left the in-sync set")
        #expect(fixture.signals.committed == second)
    }

    @Test(arguments: EngineKind.allCases) func aLapsedLeaseKeepsQueuedWritesOutOfTheLog(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        let end = fixture.store.log.syncedEnd
        fixture.queue("a", "1")
        fixture.store.changeMandate { $0.leaseEnd = 1 }
        fixture.store.commit()
        #expect(fixture.signals.failures == [true], "it is known that nothing was done")
        #expect(fixture.store.log.syncedEnd == end)
        #expect(!isLeading(fixture))
    }

    @Test(arguments: EngineKind.allCases) func aLapsedLeaseLeavesTheBatchInFlightToTheNextLeader(
        kind: EngineKind
    ) throws {
        let fixture = try replicated(kind)
        fixture.store.advanceReplicated(to: 1)
        fixture.write("a", "1")
        fixture.store.changeMandate { $0.leaseEnd = 1 }
        fixture.store.advanceReplicated(to: 2)
        #expect(fixture.signals.failures == [false], "nobody can tell what becomes of it")
        #expect(try fixture.read("a") == nil)
        try fixture.store.beginTerm(6) { $0 = Mandate() }
        #expect(try fixture.read("a") == "1", "a new leader keeps its whole log")
    }

    @Test(arguments: EngineKind.allCases) func steppingDownTellsWhatIsKnown(kind: EngineKind) throws {
        let fixture = try replicated(kind)
        fixture.store.advanceReplicated(to: 1)
        fixture.write("a", "in flight")
        fixture.queue("b", "queued")
        fixture.store.stepDown(because: StorageError(.notLeader, "test"))
        #expect(fixture.signals.failures == [false, true])
        #expect(throws: StorageError.self) { try fixture.store.beginTerm(5) { $0 = Mandate() } }
        try fixture.reopen(leads: false)
        #expect(fixture.store.log.end == Position(term: 5, sequence: 2))
        #expect(try fixture.read("a") == nil, "not known to be committed")
    }

    @Test func aHeldDoorLetsNothingInAndForgetsNobody() throws {
        let fixture = try StoreFixture(.lmdb)
        fixture.queue("a", "let in before")
        fixture.store.changeMandate { $0.isHeld = true }
        #expect(isWaiting(fixture.admit()))
        #expect(!fixture.store.isDrained)
        fixture.store.commit()
        #expect(fixture.store.isDrained)
        #expect(try fixture.read("a") == "let in before")
        #expect(fixture.signals.rooms == 0)
        fixture.store.changeMandate { $0.isHeld = false }
        #expect(fixture.signals.rooms == 1)
        fixture.store.changeMandate { $0.refusal = StorageError(.tooFewInSync, "test") }
        guard case .refused(let error) = fixture.admit() else { Issue.record("not refused"); return }
        #expect(error.code == .tooFewInSync)
    }

    private func isWaiting(_ admission: WriteAdmission) -> Bool { if case .wait = admission { true } else { false } }
}
