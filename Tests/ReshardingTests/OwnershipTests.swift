import Model
import Replication
import Resharding
import Routing
import Storage
import Testing

@Suite struct OwnershipTests {
    private let map: SlotMap
    private let snapshot: CoordinatorSnapshot

    init() throws {
        map = try MachineFixture.map()
        snapshot = MachineFixture.snapshot(map, nil)
    }

    @Test func theLogFollowsTheMap() throws {
        var fixture = try MachineFixture("a", snapshot, owned: try MachineFixture.slots("8000-9000"))
        fixture.handle(.tick)
        #expect(fixture.words == ["serve", "ownership 1 +0-7999 -8192-9000"])
        #expect(fixture.serving.served.ranges == [8000...8191])
        #expect(fixture.serving.writesHeld.ranges == [0...7999])
        fixture.handle(.ownershipChanged(number: 1, at: 7))
        #expect(fixture.serving == SlotServing(served: try MachineFixture.slots("0-8191")))
        fixture.handle(.tick)
        #expect(fixture.words.isEmpty, "nothing is left to do")
    }

    @Test func aFullDiskKeepsNobodyWaiting() throws {
        var fixture = try MachineFixture("a", snapshot, owned: SlotSet())
        fixture.handle(.tick)
        fixture.handle(.ownershipFailed(number: 1, reason: "no space left"))
        #expect(fixture.serving == SlotServing(served: try MachineFixture.slots("0-8191")))
        fixture.handle(.tick, after: ReshardingLimits.appendRetry - 1)
        #expect(!fixture.did("ownership"))
        fixture.handle(.tick, after: 1)
        #expect(fixture.did("ownership 2"))
    }

    /// Until the snapshot is of this term, a former leader may have given slots away.
    @Test func nothingIsServedOnAnOlderSnapshot() throws {
        var older = snapshot
        older.records["a"] = MachineFixture.record("a", term: 2, revision: 3)
        var fixture = try MachineFixture("a", older)
        fixture.handle(.tick)
        #expect(fixture.words == ["serve"] && fixture.serving.served.isEmpty)
        #expect(fixture.serving.held.ranges == [0...8191])
        fixture.handle(.snapshotSeen(snapshot))
        #expect(fixture.serving == SlotServing(served: try MachineFixture.slots("0-8191")))
    }

    /// `/clean` deletes for good: never what this shard owns, nor what a job may be copying here.
    @Test func foreignSlotsAreClearedOnlyWhileNothingMoves() throws {
        let (own, foreign) = (try MachineFixture.slots("0-8191"), try MachineFixture.slots("9000"))
        var fixture = try MachineFixture("a", snapshot, owned: own)
        fixture.handle(.tick)
        #expect(fixture.machine.blocker(toClearing: foreign) == nil)
        let both = try MachineFixture.slots("5,9000")
        #expect(fixture.machine.blocker(toClearing: both)?.contains("just changed") == true)
        let (job, next) = try MachineFixture.job(["0-5"], from: map)
        fixture.handle(.snapshotSeen(MachineFixture.snapshot(next, job, revision: 11)))
        #expect(fixture.machine.blocker(toClearing: foreign)?.contains("under way") == true)
        var older = snapshot
        older.records["a"] = MachineFixture.record("a", term: 2, revision: 3)
        var uninformed = try MachineFixture("a", older, owned: own)
        uninformed.handle(.tick)
        #expect(uninformed.machine.blocker(toClearing: foreign) != nil)
    }

    @Test func olderSnapshotsAreIgnored() throws {
        var newer = snapshot
        newer.map = try map.giving([0...0], to: "b")
        newer.mapRevision = 20
        var fixture = try MachineFixture("a", newer)
        fixture.handle(.tick)
        fixture.handle(.snapshotSeen(snapshot))
        #expect(fixture.machine.map == newer.map && !fixture.serving.served.contains(0))
    }

    /// b has slots 8192 on; this is what a move of an earlier job left at a.
    private func afterAMove(_ slots: String) throws -> CoordinatorSnapshot {
        var snapshot = MachineFixture.snapshot(try MachineFixture.map(), nil)
        let request = ReshardRequest(moves: [.init(slots: try SlotList(slots), shard: "a")])
        let plan = try ReshardPlan(request, current: snapshot.map, policy: .fixed)
        let former = try ReshardJob(plan, id: "former", requester: "", now: 0)
        let next = ReshardRequest(moves: [.init(slots: try SlotList("16000"), shard: "a")])
        let job = try ReshardJob(
            try ReshardPlan(next, current: snapshot.map, policy: .fixed),
            id: "next",
            requester: "",
            now: 0
        )
        let step = try job.beginning(on: snapshot.map, after: former)
        let ended = try #require(try step.job.cancelling().ending(on: step.map))
        (snapshot.map, snapshot.job, snapshot.jobRevision) = (ended.map, ended.job, 50)
        return snapshot
    }

    @Test func leftoversOfMovesAreClearedWhereNobodyOwnsThem() throws {
        var fixture = try MachineFixture("a", try afterAMove("9000-9001"))
        fixture.handle(.leftovers(try MachineFixture.slots("100,9000-9001")))
        #expect(fixture.did("clear 1 9000-9001"))
        fixture.handle(.leftovers(try MachineFixture.slots("9000-9001")))
        #expect(!fixture.did("clear"), "it is under way")
        fixture.handle(.clearFailed(number: 1, reason: "no space left"))
        fixture.handle(.tick, after: ReshardingLimits.appendRetry)
        #expect(fixture.did("clear 2 9000-9001"))
        fixture.handle(.cleared(number: 2))
        fixture.handle(.tick, after: ReshardingLimits.appendRetry)
        #expect(fixture.words.isEmpty)
    }

    /// A shard with few keys holds some in every other slot: a record for each of those ranges kept its log and its engine
    /// busy for seconds, and the next move behind them.
    @Test func leftoversAreClearedWithTheEmptySlotsInBetween() throws {
        var fixture = try MachineFixture("a", try afterAMove("9000-9009"))
        fixture.handle(.leftovers(try MachineFixture.slots("8998,9001,9004,9007,9011")))
        #expect(fixture.did("clear 1 9001-9007"))
        let free = try MachineFixture.slots("1-3,5-9,12,16383")
        let left = try MachineFixture.slots("0,2,4,6,8,10,16383")
        #expect(left.joined(within: free).ranges == [2...2, 6...8, 16383...16383])
    }

    /// Copied folders hold keys of other shards, maybe the only copy: only `/clean` asks whether it is.
    @Test func whatNoMoveLeftIsNotCleared() throws {
        let cases = [(snapshot, "9000"), (try afterAMove("9000-9001"), "9002,12000")]
        for (snapshot, slots) in cases {
            var fixture = try MachineFixture("a", snapshot)
            fixture.handle(.leftovers(try MachineFixture.slots(slots)))
            fixture.handle(.tick, after: ReshardingLimits.appendRetry)
            #expect(!fixture.did("clear"))
        }
    }

    // MARK: The end of a job

    private func ending(_ shard: String, _ change: (inout CoordinatorSnapshot) throws -> Void = { _ in }) throws
        -> MachineFixture
    {
        let (job, begun) = try MachineFixture.job(["100"], from: map)
        var snapshot = MachineFixture.snapshot(try begun.giving([100...100], to: "b"), job)
        try change(&snapshot)
        var fixture = try MachineFixture(shard, snapshot)
        fixture.handle(.tick)
        return fixture
    }

    @Test func anyLeaderEndsAJobThatIsDone() throws {
        var fixture = try ending("a")
        let proposal = try #require(fixture.proposal)
        #expect(proposal.job?.state == .done && proposal.mapRevision == 10 && proposal.jobRevision == 10)
        #expect(proposal.records.isEmpty)
        fixture.handle(.decided(number: proposal.number, .committed(revision: 11)))
        #expect(fixture.did("note the reshard is done") && fixture.machine.map == proposal.map)
        fixture.handle(.tick, after: 10_000)
        #expect(fixture.proposal == nil && !fixture.machine.isBusy)
    }

    @Test func thoseBehindWaitALittle() throws {
        var fixture = try ending("b")
        #expect(fixture.proposal == nil)
        fixture.handle(.tick, after: ReshardingLimits.endingStagger)
        #expect(fixture.proposal?.job?.state == .done)
    }

    @Test func aCancelledJobIsEndedToo() throws {
        let fixture = try ending("a") { $0.job = try $0.job?.cancelling() }
        #expect(fixture.proposal?.job?.state == .cancelled)
    }

    @Test func anUnknownEndIsProposedAgainAndAConflictAnew() throws {
        var fixture = try ending("a")
        let first = try #require(fixture.proposal)
        fixture.handle(.decided(number: first.number, .unknown))
        #expect(fixture.proposal == nil)
        fixture.handle(.tick, after: ReshardingLimits.retryPause)
        #expect(fixture.proposal == first)
        var ended = MachineFixture.snapshot(first.map, first.job)
        (ended.mapRevision, ended.jobRevision) = (20, 20)
        fixture.handle(.decided(number: first.number, .conflict(ended)))
        #expect(fixture.proposal == nil && fixture.machine.map == first.map)
    }

    @Test func aJobUnderWayIsNotEnded() throws {
        let (job, begun) = try MachineFixture.job(["100"], from: map)
        var fixture = try MachineFixture("a", MachineFixture.snapshot(begun, job))
        fixture.handle(.tick, after: 10_000)
        #expect(fixture.proposal == nil && fixture.machine.isBusy)
    }
}
