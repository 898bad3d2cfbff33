import Model
import Replication
import Resharding
import Routing
import Storage
import Testing

/// The target's leader: shard b, which takes slots of a.
@Suite struct MigrationTargetTests {
    let job: ReshardJob
    let map: SlotMap
    let snapshot: CoordinatorSnapshot
    let moving: SlotSet
    let slots: String

    init() throws {
        slots = "\(MachineFixture.slot)"
        // The key's slot is below 8192, else a would not own it.
        let before = try MachineFixture.map().giving([MachineFixture.slot...MachineFixture.slot], to: "a")
        (job, map) = try MachineFixture.job([slots], from: before)
        snapshot = MachineFixture.snapshot(map, job)
        moving = try MachineFixture.slots(slots)
    }

    func connected(_ snapshot: CoordinatorSnapshot? = nil) throws -> MachineFixture {
        var fixture = try MachineFixture("b", snapshot ?? self.snapshot)
        fixture.handle(.tick)
        #expect(fixture.did("target 1 connect a:1"))
        return fixture
    }

    func accept(_ fixture: inout MachineFixture, link: UInt64 = 1) {
        let acceptance = MigrationFrame.Acceptance(
            term: 3,
            position: Position(term: 3, sequence: 90),
            keys: 2,
            bytes: 9
        )
        fixture.target(.frame(.accept(acceptance)), link: link)
    }

    func copying(_ snapshot: CoordinatorSnapshot? = nil) throws -> MachineFixture {
        var fixture = try connected(snapshot)
        accept(&fixture)
        #expect(fixture.did("target 1 clear \(slots)"))
        return fixture
    }

    func take(_ chunk: MigrationChunk?, _ fixture: inout MachineFixture) throws {
        let chunk = try #require(chunk)
        fixture.target(.frame(.chunk(chunk)))
        #expect(fixture.did("target 1 import \(chunk.count)"))
        fixture.target(.imported(bytes: chunk.bytes.count))
    }

    func mark(_ through: UInt64, _ left: UInt64) -> MigrationTargetMachine.Event {
        .frame(.mark(.init(through: through, end: through, bytesLeft: left, strain: 100)))
    }

    func asked() throws -> MachineFixture {
        var fixture = try copying()
        try take(MachineFixture.chunk([5]), &fixture)
        fixture.target(.frame(.copied(keys: 1)))
        fixture.target(mark(95, 0))
        #expect(fixture.did("target 1 ask 1"))
        return fixture
    }

    func confirmed() throws -> MachineFixture {
        var fixture = try asked()
        try take(MachineFixture.chunk([96]), &fixture)
        fixture.target(.frame(.final(number: 1, position: Position(term: 3, sequence: 101))))
        #expect(fixture.did("target 1 jump 1 101"))
        fixture.target(.jumped(number: 1))
        #expect(fixture.words[0] == "serve" && fixture.did("target 1 confirm 1 5"))
        return fixture
    }

    @Test func theHelloSaysWhatIsMeant() throws {
        let hello = try #require(try connected().hello)
        #expect(hello.job == "j" && hello.move == 0 && hello.slots.description == slots && hello.shard == "b")
        #expect(hello.term == 5 && hello.cluster == "c" && hello.coordinator == "k")
    }

    /// What is left of an earlier attempt goes first, through the log, before anything comes in.
    @Test func slotsAreClearedBeforeTheyAreFilled() throws {
        var fixture = try copying()
        try take(MachineFixture.chunk([5, 6]), &fixture)
        #expect(fixture.did("target 1 acknowledge"))
    }

    @Test func theHandOverIsAskedForWhenLittleIsLeft() throws {
        var fixture = try copying()
        try take(MachineFixture.chunk([5]), &fixture)
        fixture.target(mark(90, .max))
        #expect(!fixture.did("target 1 ask"), "the copy is not complete")
        fixture.target(.frame(.copied(keys: 1)))
        #expect(!fixture.did("target 1 ask"), "nothing tells how much is left")
        fixture.target(mark(95, ReshardingLimits.handOverBytesMax + 1))
        #expect(!fixture.did("target 1 ask"))
        fixture.target(mark(99, ReshardingLimits.nearBytes))
        #expect(fixture.did("target 1 ask 1"))
    }

    @Test func aCopyOfAnotherSizeIsNotTaken() throws {
        var fixture = try copying()
        try take(MachineFixture.chunk([5]), &fixture)
        fixture.target(.frame(.copied(keys: 2)))
        #expect(fixture.did("target 1 close"))
    }

    @Test func theJumpComesBehindTheRest() throws {
        var fixture = try asked()
        let chunk = try #require(MachineFixture.chunk([97], bytes: ReshardingLimits.importBytesMax))
        let rest = try #require(MachineFixture.chunk([98]))
        fixture.target(.frame(.chunk(chunk)))
        fixture.target(.frame(.chunk(rest)))
        fixture.target(.frame(.final(number: 1, position: Position(term: 3, sequence: 101))))
        #expect(!fixture.did("target 1 jump"), "a chunk still waits for room")
        fixture.target(.imported(bytes: chunk.bytes.count))
        #expect(
            fixture.words.filter { $0.hasPrefix("target 1 import") || $0.hasPrefix("target 1 jump") } == [
                "target 1 import 1", "target 1 jump 1 101",
            ]
        )
    }

    @Test func nothingIsConfirmedBeforeItsOwnJump() throws {
        var fixture = try asked()
        fixture.target(.frame(.final(number: 1, position: Position(term: 3, sequence: 101))))
        fixture.target(.frame(.released(number: 1, "too slow")))
        fixture.target(mark(120, 0), after: ReshardingLimits.askAgainMax)
        #expect(fixture.did("target 1 ask 2"))
        fixture.target(.frame(.final(number: 2, position: Position(term: 3, sequence: 130))))
        #expect(fixture.did("target 1 jump 2 130"))
        fixture.target(.jumped(number: 1))
        #expect(!fixture.did("target 1 confirm"))
        fixture.target(.jumped(number: 2))
        #expect(fixture.did("target 1 confirm 2 5"))
    }

    @Test func commandsWaitForWhatIsConfirmed() throws {
        var fixture = try confirmed()
        #expect(moving.isSubset(of: fixture.serving.held))
        // The source gives up a hold that is not confirmed; what is confirmed has its outcome at the coordinator, which may
        // take longer when others hand over, too.
        fixture.handle(.tick, after: ReshardingLimits.holdMax)
        #expect(moving.isSubset(of: fixture.serving.held), "a client sent back now would be sent here again")
        fixture.handle(.tick, after: ReshardingLimits.promiseHoldMax)
        #expect(fixture.serving.held.isDisjoint(with: moving), "but not for ever")
        #expect(fixture.serving.served.isDisjoint(with: moving))
    }

    @Test func theMapMakesItItsOwn() throws {
        var fixture = try confirmed()
        fixture.target(.frame(.owned(number: 1, mapVersion: 9)))
        #expect(fixture.did("read"))
        var written = snapshot
        written.map = try map.giving(SlotList(moving).ranges, to: "b")
        written.mapRevision = 20
        fixture.handle(.snapshotSeen(written))
        #expect(fixture.did("ownership") && moving.isSubset(of: fixture.serving.writesHeld))
        for number in 1...9 as ClosedRange<UInt64> { fixture.handle(.ownershipChanged(number: number, at: 300)) }
        #expect(moving.isSubset(of: fixture.serving.served))
    }

    /// The worst there could be: to empty slots that are this shard's already.
    @Test func whatIsConfirmedIsNotClearedWithoutItsLink() throws {
        var fixture = try confirmed()
        fixture.handle(.leftovers(moving))
        fixture.target(.closed(reason: "reset"))
        fixture.handle(.leftovers(moving))
        fixture.handle(.tick, after: 50)
        #expect(!fixture.did("clear"))
        fixture.handle(.tick, after: ReshardingLimits.moveRetryMax)
        #expect(fixture.did("target 2 connect a:1") && !fixture.did("clear"))
        fixture.target(.frame(.refuse(.deciding, "not yet")), link: 2)
        #expect(!fixture.did("clear") && !fixture.did("target 2 clear"))
        fixture.handle(.tick, after: ReshardingLimits.moveRetryMax)
        // A source that accepts has decided against it.
        accept(&fixture, link: 3)
        #expect(fixture.did("target 3 clear \(slots)"))
    }

    @Test func aLaterTermOfTheSourceVoidsWhatWasConfirmed() throws {
        var fixture = try confirmed()
        fixture.target(.closed(reason: "reset"))
        var later = snapshot
        later.records["a"] = MachineFixture.record("a", term: 4, revision: 30, leads: false)
        fixture.handle(.snapshotSeen(later))
        fixture.handle(.leftovers(moving))
        #expect(fixture.did("clear"))
        #expect(moving.isDisjoint(with: fixture.serving.held))
    }

    @Test func aCancelledJobVoidsWhatWasConfirmed() throws {
        var fixture = try confirmed()
        var cancelled = snapshot
        cancelled.job = try job.cancelling()
        cancelled.jobRevision = 30
        fixture.handle(.snapshotSeen(cancelled))
        #expect(fixture.did("target 1 close"))
        fixture.handle(.leftovers(moving))
        #expect(fixture.did("clear"))
    }

    @Test func aCancelledJobLeavesNothing() throws {
        var fixture = try copying()
        var cancelled = snapshot
        cancelled.job = try job.cancelling()
        cancelled.jobRevision = 30
        fixture.handle(.snapshotSeen(cancelled))
        #expect(fixture.did("target 1 close"))
        fixture.handle(.leftovers(moving))
        #expect(fixture.words.contains { $0.hasPrefix("clear") && $0.hasSuffix(slots) })
    }

    @Test func whatIsBeingFilledIsNotCleared() throws {
        var fixture = try copying()
        fixture.handle(.leftovers(moving))
        #expect(!fixture.did("clear"))
    }

    /// A job of two moves from a to b.
    private func twoMoves() throws -> (job: ReshardJob, map: SlotMap) {
        let before = try MachineFixture.map().giving([MachineFixture.slot...MachineFixture.slot], to: "a")
        let other = MachineFixture.slot == 7 ? 8 : 7
        let request = ReshardRequest(
            moves: [.init(slots: try SlotList("\(other),\(slots)"), shard: "b")]
        )
        let counts = (0..<16384).map { _ in SlotCount(keys: 1, bytes: ReshardingLimits.bytesPerMoveMax) }
        let plan = try ReshardPlan(request, current: before, policy: .fixed, counts: counts)
        #expect(plan.moves.count == 2)
        let step = try ReshardJob(plan, id: "j", requester: "", now: 0).beginning(on: before)
        return (step.job, step.map)
    }

    @Test func theNextMoveFollows() throws {
        let (job, map) = try twoMoves()
        var fixture = try MachineFixture("b", MachineFixture.snapshot(map, job))
        fixture.handle(.tick)
        let first = try #require(fixture.hello)
        var written = MachineFixture.snapshot(try map.giving(first.slots.ranges, to: "b"), job)
        written.mapRevision = 20
        fixture.handle(.snapshotSeen(written))
        #expect(fixture.did("target 1 close"))
        #expect(fixture.hello?.move == 1 && fixture.did("target 2 connect"))
    }

    /// A source that has handed over closes the connection, and the target hears of that before the map tells it that the
    /// slots are its own: no failure, after which it would wait ever longer from move to move.
    @Test(arguments: [0, 1, 5]) func aMoveThatIsDoneIsNoFailure(failuresBefore: Int) throws {
        let (job, map) = try twoMoves()
        var fixture = try MachineFixture("b", MachineFixture.snapshot(map, job))
        fixture.handle(.tick)
        var link: UInt64 = 1
        for _ in 0..<failuresBefore {
            fixture.target(.closed(reason: "reset"), link: link)
            fixture.handle(.tick, after: ReshardingLimits.moveRetryMax)
            link += 1
        }
        let first = try #require(fixture.hello)
        accept(&fixture, link: link)
        fixture.target(.frame(.copied(keys: 0)), link: link)
        fixture.target(mark(95, 0), link: link)
        fixture.target(.frame(.final(number: 1, position: Position(term: 3, sequence: 101))), link: link)
        fixture.target(.jumped(number: 1), link: link)
        #expect(fixture.did("target \(link) confirm 1 5"))
        fixture.target(.frame(.owned(number: 1, mapVersion: 9)), link: link)
        fixture.target(.closed(reason: "the other side closed the connection"), link: link)
        #expect(!fixture.did("target \(link + 1) connect"), "the map has to tell what became of the first one")
        var written = MachineFixture.snapshot(try map.giving(first.slots.ranges, to: "b"), job)
        written.mapRevision = 20
        fixture.handle(.snapshotSeen(written))
        #expect(fixture.hello?.move == 1 && fixture.did("target \(link + 1) connect"))
        #expect(fixture.machine.progress(now: fixture.now)?.target.failures == 0)
    }
}
