import Model
import Storage
import Synchronization
import Testing

/// What the store does with a mandate: commits that wait for replicas, leases, holds.
@Suite struct ShardStoreLeadingTests {
    /// A leader in term 5 whose writes wait for replicas.
    private func replicated(_ kind: EngineKind, _ change: (inout CommitQuorum) -> Void = { _ in }) throws
        -> StoreFixture
    {
        let fixture = try StoreFixture(kind, leads: false)
        try fixture.store.beginTerm(5) { quorum in
            quorum.waitsForReplicas = true
            change(&quorum)
        }
        return fixture
    }

    private func isLeading(_ fixture: StoreFixture) -> Bool {
        fixture.store.lock.withLock { fixture.store.isLeaderNow }
    }

    @Test(arguments: EngineKind.allCases) func servesOnceItsTermIsOnEveryDisk(kind: EngineKind) throws {
        let fixture = try replicated(kind)
        #expect(!isLeading(fixture))
        #expect(fixture.store.log.syncedEnd == Position(term: 5, sequence: 1))
        #expect(fixture.store.status().commitPosition == .zero)
        fixture.store.advanceReplicated(to: 1)
        #expect(isLeading(fixture))
        #expect(fixture.store.status().commitPosition == Position(term: 5, sequence: 1))
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
        fixture.store.changeQuorum { $0.waitsForReplicas = false }
        #expect(try fixture.read("a") == "2", "those that it waited for have left the in-sync set")
        #expect(fixture.signals.committed == second)
    }

    @Test(arguments: EngineKind.allCases) func aLapsedLeaseKeepsQueuedWritesOutOfTheLog(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        let end = fixture.store.log.syncedEnd
        fixture.queue("a", "1")
        fixture.store.setLease(until: 1)
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
        fixture.store.setLease(until: 1)
        fixture.store.advanceReplicated(to: 2)
        #expect(fixture.signals.failures == [false], "nobody can tell what becomes of it")
        #expect(try fixture.read("a") == nil)
        fixture.store.setLease(until: .max)
        try fixture.store.beginTerm(6) { $0 = CommitQuorum() }
        #expect(try fixture.read("a") == "1", "a new leader keeps its whole log")
    }

    /// The disk is slow, the lease runs out, and the node is elected again before the write of its old term is done.
    @Test(arguments: EngineKind.allCases) func aNewLeaseCommitsNothingOfATermThatHasEnded(kind: EngineKind) throws {
        let fixture = try replicated(kind)
        fixture.store.advanceReplicated(to: 1)
        fixture.write("a", "1")
        fixture.store.fence()
        fixture.store.setLease(until: .max)
        fixture.store.advanceReplicated(to: 2)
        #expect(!isLeading(fixture), "its term has ended")
        #expect(try fixture.read("a") == nil, "the next term decides")
        #expect(fixture.signals.failures == [false])
        fixture.store.stepDown(because: StorageError(.notLeader, "test"))
        try fixture.store.beginTerm(6) { $0 = CommitQuorum() }
        #expect(isLeading(fixture))
        #expect(try fixture.read("a") == "1", "a new leader keeps its whole log")
    }

    @Test(arguments: EngineKind.allCases) func steppingDownTellsWhatIsKnown(kind: EngineKind) throws {
        let fixture = try replicated(kind)
        fixture.store.advanceReplicated(to: 1)
        fixture.write("a", "in flight")
        fixture.queue("b", "queued")
        fixture.store.stepDown(because: StorageError(.notLeader, "test"))
        #expect(fixture.signals.failures == [false, true])
        #expect(throws: StorageError.self) { try fixture.store.beginTerm(5) { $0 = CommitQuorum() } }
        try fixture.reopen(leads: false)
        #expect(fixture.store.log.end == Position(term: 5, sequence: 2))
        #expect(try fixture.read("a") == nil, "not known to be committed")
    }

    /// Two threads end two batches, and the first of them is late to tell a loop: it must not hear of the second before.
    @Test func whatWasDecidedFirstIsToldFirst() throws {
        let fixture = try replicated(.lmdb)
        let store = fixture.store
        store.advanceReplicated(to: 1)
        let isOvertaken = Atomic(false)
        let early = store.makePort { _ in
            guard !isOvertaken.exchange(true, ordering: .relaxed) else { return }
            store.setLease(until: 1)
            store.commit()
        }
        let told = StoreFixture.SignalBox()
        let late = store.makePort { told.add(from: $0) }
        func queue(_ text: String) -> UInt64 {
            Array(text.utf8).withUnsafeBytes { bytes in
                store.lock.withLock {
                    _ = store.put(slot: 1, key: bytes, value: bytes, expiry: 0, port: early)
                    return store.put(slot: 1, key: bytes, value: bytes, expiry: 0, port: late)
                }
            }
        }
        let first = queue("a")
        store.commit()
        let second = queue("b")
        store.advanceReplicated(to: 3)
        #expect(told.outcomes == ["\(first) committed", "\(second) failed"])
        store.removePort(early)
        store.removePort(late)
    }

    /// A port whose owner waits by itself is not asked to commit what loops have queued.
    @Test func whoListensIsAskedToCommit() throws {
        let fixture = try StoreFixture(.lmdb)
        let store = fixture.store
        store.removePort(fixture.port)
        let silent = store.makePort()
        let isAsked = Atomic(false)
        let loop = store.makePort { port in
            while let signal = port.nextSignal() {
                if case .commitNeeded = signal { isAsked.store(true, ordering: .relaxed) }
            }
        }
        Array("a".utf8).withUnsafeBytes { bytes in
            _ = store.lock.withLock { store.put(slot: 1, key: bytes, value: bytes, expiry: 0, port: silent) }
        }
        // Whatever ends a round finds it queued.
        store.setHold(.none)
        let wasAsked = isAsked.load(ordering: .relaxed)
        #expect(wasAsked)
        store.removePort(silent)
        store.removePort(loop)
    }

    @Test func aHeldDoorLetsNothingInAndForgetsNobody() throws {
        let fixture = try StoreFixture(.lmdb)
        fixture.queue("a", "let in before")
        fixture.store.setHold(.writes)
        #expect(isWaiting(fixture.admit()))
        #expect(!fixture.store.isDrained)
        fixture.store.commit()
        #expect(fixture.store.isDrained)
        #expect(try fixture.read("a") == "let in before")
        #expect(fixture.signals.rooms == 0)
        fixture.store.setHold(.none)
        #expect(fixture.signals.rooms == 1)
    }

    private func refusal(_ admission: WriteAdmission) -> StorageError.Code? {
        if case .refused(let error) = admission { error.code } else { nil }
    }

    @Test func belowMinInSyncNothingIsLetInOrSealed() throws {
        let fixture = try StoreFixture(.lmdb)
        fixture.store.changeQuorum { ($0.members, $0.membersMin) = (2, 2) }
        fixture.write("a", "1")
        #expect(try fixture.read("a") == "1")
        let end = fixture.store.log.syncedEnd
        fixture.queue("a", "let in before the set shrank")
        fixture.store.changeQuorum { $0.members = 1 }
        #expect(refusal(fixture.admit()) == .tooFewInSync)
        fixture.store.commit()
        #expect(fixture.signals.failures == [true], "it is known that nothing was done")
        #expect(fixture.store.log.syncedEnd == end)
        #expect(try fixture.read("a") == "1", "reads go on")
        fixture.store.changeQuorum { $0.members = 2 }
        #expect(refusal(fixture.admit()) == nil)
        fixture.write("a", "2")
        #expect(try fixture.read("a") == "2")
    }

    @Test(arguments: EngineKind.allCases) func aBatchThatLosesAMemberOnItsWayIsNotAcknowledged(
        kind: EngineKind
    ) throws {
        let fixture = try replicated(kind) { $0.members = 2 }
        fixture.store.changeQuorum { $0.membersMin = 2 }
        fixture.store.advanceReplicated(to: 1)
        fixture.write("a", "1")
        fixture.store.changeQuorum { $0.members = 1 }
        fixture.store.changeQuorum { $0.waitsForReplicas = false }
        #expect(fixture.signals.failures == [false], "it is in the log, on fewer disks than promised")
        #expect(fixture.signals.commits.isEmpty)
        #expect(try fixture.read("a") == "1")
        // A term begins, and reads go on, with whoever is left.
        fixture.store.stepDown(because: StorageError(.notLeader, "test"))
        fixture.store.setLease(until: .max)
        try fixture.store.beginTerm(6) { _ in }
        #expect(isLeading(fixture))
    }

    @Test func acknowledgementsAreAskedForOfMembersThatAreThere() throws {
        let fixture = try replicated(.lmdb) { $0.members = 2 }
        fixture.store.advanceReplicated(to: 1)
        #expect(refusal(fixture.admit(acknowledgements: 3)) == .tooFewInSync)
        guard case .admitted = fixture.admit(acknowledgements: 2) else { Issue.record("not admitted"); return }
        fixture.write("a", "1")
        // Soon a replica is missing: nobody should queue up behind a batch that may turn out to have lost it.
        let started = ContinuousClock.now
        while !isWaiting(fixture.admit(acknowledgements: 2)) {
            guard started.duration(to: .now) < .seconds(20) else { Issue.record("never waits"); return }
        }
        #expect(fixture.signals.rooms == 0)
        fixture.store.changeQuorum { ($0.members, $0.waitsForReplicas) = (1, false) }
        #expect(fixture.signals.commits == [[2, 1]], "the end of the batch, and how many have it")
        #expect(fixture.signals.rooms == 1)
        #expect(refusal(fixture.admit(acknowledgements: 2)) == .tooFewInSync)
        #expect(refusal(fixture.admit()) == nil, "others go on")
    }

    @Test func aClearThatWasGivenUpIsNotToldToBeDone() throws {
        let fixture = try replicated(.lmdb)
        fixture.store.advanceReplicated(to: 1)
        fixture.write("a", "1")
        fixture.store.advanceReplicated(to: 2)
        fixture.write("b", "in flight")
        let (store, port, slot) = (fixture.store, fixture.port, StoreFixture.slot("a"))
        let outcome = Mutex<Result<UInt64, StorageError>?>(nil)
        let cleared = StoreThread {
            do throws(StorageError) {
                let removed = try store.clear([slot...slot], port: port)
                outcome.withLock { $0 = .success(removed) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
        let started = ContinuousClock.now
        while store.lock.withLock({ store.lastQueuedVersion }) == 3 {
            guard started.duration(to: .now) < .seconds(20) else { Issue.record("nothing is queued"); return }
        }
        store.stepDown(because: StorageError(.notLeader, "test"))
        cleared.join()
        guard case .failure? = outcome.withLock({ $0 }) else {
            Issue.record("\(String(describing: outcome.withLock { $0 }))")
            return
        }
    }

    private func isWaiting(_ admission: WriteAdmission) -> Bool { if case .wait = admission { true } else { false } }
}
