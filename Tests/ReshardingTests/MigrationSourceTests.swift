import Model
import Replication
import Resharding
import Routing
import Storage
import Testing

/// The source's leader: shard a, which gives slots 100 to 103 to b.
@Suite struct MigrationSourceTests {
    private let job: ReshardJob
    private let map: SlotMap
    private let snapshot: CoordinatorSnapshot
    private let moving: SlotSet

    init() throws {
        (job, map) = try MachineFixture.job(["100-103"], from: MachineFixture.map())
        snapshot = MachineFixture.snapshot(map, job)
        moving = try MachineFixture.slots("100-103")
    }

    private func hello(_ change: (inout MigrationHello) -> Void = { _ in }) throws -> MigrationHello {
        var hello = MigrationHello(
            cluster: "c",
            coordinator: "k",
            job: "j",
            move: 0,
            slots: try SlotList("100-103"),
            shard: "b",
            term: 5
        )
        change(&hello)
        return hello
    }

    private func copying() throws -> MachineFixture {
        var fixture = try MachineFixture("a", snapshot)
        fixture.source(.hello(try hello()))
        #expect(fixture.did("source open 100-103"))
        fixture.source(.copyOpened(position: Position(term: 3, sequence: 90), keys: 2, bytes: 20))
        #expect(fixture.did("source accept 3-90") && fixture.did("source pin 90") && fixture.did("source chunks"))
        return fixture
    }

    private func streaming() throws -> MachineFixture {
        var fixture = try copying()
        fixture.source(.chunksSent(keys: 2, bytes: 50, isLast: true))
        #expect(fixture.did("source copied 2") && fixture.did("source log 90"))
        fixture.source(.logRead(through: 100, bytes: 0, bytesLeft: 0))
        #expect(fixture.did("source mark 100 0"))
        return fixture
    }

    private func held() throws -> (MachineFixture, change: UInt64) {
        var fixture = try streaming()
        fixture.source(.frame(.acknowledge(bytes: 50)))
        fixture.source(.frame(.ask(number: 1)))
        var change: UInt64 = 0
        for case .changeOwnership(let number, _, _, _) in fixture.actions { change = number }
        return (fixture, change)
    }

    private func confirmed() throws -> MachineFixture {
        var (fixture, change) = try held()
        fixture.handle(.ownershipChanged(number: change, at: 101))
        fixture.source(.logRead(through: 101, bytes: 0, bytesLeft: 0))
        #expect(fixture.did("source final 1 3-101"))
        fixture.source(.frame(.confirm(number: 1, term: 5)))
        return fixture
    }

    @Test func aHelloIsCheckedInEveryField() throws {
        let cases: [(MigrationFrame.Refusal, (inout MigrationHello) -> Void)] = [
            (.wrongCluster, { $0.cluster = "x" }), (.wrongCluster, { $0.coordinator = "x" }),
            (.unknownJob, { $0.job = "x" }), (.unknownJob, { $0.move = 9 }), (.wrongShard, { $0.shard = "c" }),
            (.wrongShard, { $0.slots = SlotList([1] as [UInt16]) }), (.lowerTerm, { $0.term = 4 }),
        ]
        for (refusal, change) in cases {
            var fixture = try MachineFixture("a", snapshot)
            fixture.source(.hello(try hello(change)))
            #expect(fixture.did("source refuse \(refusal)") && fixture.did("source close"), "\(refusal)")
        }
    }

    @Test func whatIsNotOwnedOrNotToMoveIsRefused() throws {
        var without = try MachineFixture("a", snapshot, owned: SlotSet())
        without.source(.hello(try hello()))
        #expect(without.did("source refuse notOwner"))
        var cancelled = snapshot
        cancelled.job = try job.cancelling()
        var fixture = try MachineFixture("a", cancelled)
        fixture.source(.hello(try hello()))
        #expect(fixture.did("source refuse unknownJob"))
        var older = snapshot
        older.records["a"] = MachineFixture.record("a", term: 2, revision: 3)
        fixture = try MachineFixture("a", older)
        fixture.source(.hello(try hello()))
        #expect(fixture.did("source refuse notLeader"))
    }

    @Test func onlyTheWindowIsSent() throws {
        var fixture = try copying()
        fixture.source(.chunksSent(keys: 2, bytes: ReshardingLimits.windowBytes, isLast: false))
        #expect(!fixture.did("source chunks"))
        fixture.source(.frame(.acknowledge(bytes: 100)))
        #expect(fixture.did("source chunks"))
        fixture.source(.writabilityChanged(false))
        fixture.source(.chunksSent(keys: 2, bytes: 10, isLast: false))
        #expect(!fixture.did("source chunks"), "the socket is full")
        fixture.source(.writabilityChanged(true))
        #expect(fixture.did("source chunks"))
        fixture.source(.chunksSent(keys: 2, bytes: 90, isLast: false))
        #expect(!fixture.did("source chunks"), "the window is")
    }

    @Test func whatWasNotSentCannotBeAcknowledged() throws {
        var fixture = try streaming()
        fixture.source(.frame(.acknowledge(bytes: 51)))
        #expect(fixture.did("source close"))
    }

    @Test func writesAreHeldBeforeTheLogGivesTheSlotsAway() throws {
        let (fixture, change) = try held()
        #expect(fixture.words[0] == "serve" && fixture.did("ownership \(change) + -100-103"))
        #expect(moving.isSubset(of: fixture.serving.writesHeld) && fixture.serving.held.isEmpty)
        #expect(fixture.serving.served.count == 8192 - 4)
    }

    /// The rest is sent before the end is told, and the end is where the log gave the slots away.
    @Test func theEndIsToldWhenEverythingIsSent() throws {
        var (fixture, change) = try held()
        fixture.handle(.ownershipChanged(number: change + 7, at: 100))
        #expect(!fixture.did("source final"), "of another change")
        fixture.handle(.ownershipChanged(number: change, at: 105))
        #expect(!fixture.did("source final") && fixture.did("source log 100"))
        fixture.source(.logRead(through: 104, bytes: 30, bytesLeft: 10))
        #expect(!fixture.did("source final"))
        fixture.source(.logRead(through: 105, bytes: 0, bytesLeft: 0))
        #expect(fixture.did("source final 1 3-105"))
    }

    @Test func readsAreHeldBeforeTheMapIsProposed() throws {
        let fixture = try confirmed()
        #expect(fixture.words[0] == "serve" && moving.isSubset(of: fixture.serving.held))
        let proposal = try #require(fixture.proposal)
        #expect(proposal.mapRevision == 10 && proposal.jobRevision == 10 && proposal.job == nil)
        #expect(proposal.records == ["a": 4, "b": 5])
        #expect(proposal.map.ownerName(of: 100) == "b" && proposal.map.version == map.version + 1)
    }

    @Test func aCommittedChangeReleasesAsRedirects() throws {
        var fixture = try confirmed()
        let proposal = try #require(fixture.proposal)
        fixture.handle(.decided(number: proposal.number, .committed(revision: 11)), after: 3)
        #expect(fixture.words[0] == "serve" && fixture.did("source owned 1 \(proposal.map.version)"))
        #expect(fixture.serving.held.isEmpty && fixture.serving.writesHeld.isEmpty)
        #expect(fixture.serving.served.isDisjoint(with: moving))
        #expect(fixture.machine.map.ownerName(of: 100) == "b")
        #expect(fixture.machine.progress(now: fixture.now)?.source.pauses.max == 3)
    }

    @Test func anUnknownOutcomeHoldsAndAsksAgain() throws {
        var fixture = try confirmed()
        let proposal = try #require(fixture.proposal)
        fixture.handle(.decided(number: proposal.number, .unknown))
        #expect(fixture.proposal == nil && moving.isSubset(of: fixture.serving.held))
        fixture.handle(.tick, after: ReshardingLimits.retryPause)
        #expect(fixture.proposal == proposal)
        fixture.handle(.tick, after: 10 * ReshardingLimits.holdMax)
        #expect(moving.isSubset(of: fixture.serving.held), "it is never given up")
        // Also without its link.
        fixture.source(.closed)
        #expect(moving.isSubset(of: fixture.serving.held))
        fixture.source(.hello(try hello()))
        #expect(moving.isSubset(of: fixture.serving.held))
        fixture.handle(.source(link: 2, .hello(try hello())))
        #expect(fixture.did("source refuse deciding"))
        var written = snapshot
        (written.map, written.mapRevision) = (proposal.map, 12)
        fixture.handle(.decided(number: proposal.number, .conflict(written)))
        #expect(fixture.serving.held.isEmpty && fixture.serving.served.isDisjoint(with: moving))
    }

    @Test func aConflictThatChangesNothingIsProposedAnew() throws {
        var fixture = try confirmed()
        let first = try #require(fixture.proposal)
        var other = snapshot
        other.map = try map.giving([5000...5000], to: "b")
        other.mapRevision = 20
        other.job = try job.pausing()
        other.jobRevision = 21
        other.records["b"] = MachineFixture.record("b", term: 5, revision: 22)
        fixture.handle(.decided(number: first.number, .conflict(other)))
        let second = try #require(fixture.proposal)
        #expect(second.number > first.number && second.mapRevision == 20 && second.jobRevision == 21)
        #expect(second.records == ["a": 4, "b": 22] && second.map.ownerName(of: 5000) == "b")
    }

    @Test func aConflictThatChangesTheSidesReleases() throws {
        var cases: [CoordinatorSnapshot] = [snapshot, snapshot, snapshot]
        cases[0].records["b"] = MachineFixture.record("b", term: 6, revision: 22)
        cases[1].job = try job.cancelling()
        cases[1].jobRevision = 21
        cases[2].records["b"] = MachineFixture.record("b", term: 5, revision: 22, leads: false)
        for (index, conflict) in cases.enumerated() {
            var fixture = try confirmed()
            let proposal = try #require(fixture.proposal)
            fixture.handle(.decided(number: proposal.number, .conflict(conflict)))
            // The end of a cancelled job is proposed, but no map that gives the slots away.
            let isGiven = fixture.proposal?.map.ownerName(of: 100) == "b"
            #expect(fixture.did("source released 1") && !isGiven, "case \(index)")
            // Back here once the log says so; until then writes wait and reads go on.
            #expect(fixture.did("ownership"), "case \(index)")
            #expect(fixture.serving.held.isEmpty && moving.isSubset(of: fixture.serving.writesHeld))
        }
    }

    /// An earlier leader's compare would pass with the record of its successor.
    @Test func nothingIsProposedOnARecordOfALaterTerm() throws {
        var (fixture, change) = try held()
        fixture.handle(.ownershipChanged(number: change, at: 101))
        fixture.source(.logRead(through: 101, bytes: 0, bytesLeft: 0))
        var later = snapshot
        later.records["a"] = MachineFixture.record("a", term: 4, revision: 30)
        fixture.handle(.snapshotSeen(later))
        #expect(fixture.serving.served.isEmpty, "nothing is served either")
        fixture.source(.frame(.confirm(number: 1, term: 5)))
        #expect(fixture.proposal == nil)
    }

    @Test func aTargetThatTakesTooLongReleases() throws {
        var (fixture, change) = try held()
        fixture.handle(.ownershipChanged(number: change, at: 101))
        fixture.source(.logRead(through: 101, bytes: 0, bytesLeft: 0))
        fixture.source(.frame(.acknowledge(bytes: 50)), after: ReshardingLimits.holdMax - 1)
        #expect(!fixture.did("source released"))
        fixture.handle(.tick, after: 1)
        #expect(fixture.did("source released 1") && fixture.did("ownership"))
        fixture.source(.frame(.confirm(number: 1, term: 5)))
        #expect(fixture.proposal == nil, "too late")
        var own: UInt64 = 0
        fixture.handle(.tick)
        for number in change + 1...change + 9 {
            fixture.handle(.ownershipChanged(number: number, at: 110))
            if moving.isSubset(of: fixture.serving.served) { own = number; break }
        }
        #expect(own != 0)
        // The link is still good: the next question is taken.
        fixture.source(.frame(.ask(number: 2)))
        #expect(moving.isSubset(of: fixture.serving.writesHeld))
        #expect(fixture.machine.progress(now: fixture.now)?.source.pauses.total == 1)
    }

    @Test func aQuestionIsRefusedWhileTheSlotsAreOnTheirWayBack() throws {
        var (fixture, change) = try held()
        fixture.handle(.tick, after: ReshardingLimits.holdMax)
        #expect(fixture.did("source released 1"))
        fixture.source(.frame(.ask(number: 2)))
        #expect(fixture.did("source released 2"), "the record that gives them away is still being written")
        fixture.handle(.ownershipChanged(number: change, at: 120))
        fixture.source(.frame(.ask(number: 3)))
        #expect(fixture.did("source released 3"), "and they are not back yet")
    }

    @Test func aLogThatTakesNothingReleasesAndServes() throws {
        var (fixture, change) = try held()
        fixture.handle(.ownershipFailed(number: change, reason: "no space left"))
        #expect(fixture.did("source released 1") && moving.isSubset(of: fixture.serving.served))
    }

    @Test func aLostLinkReleasesWhatWasNotProposed() throws {
        var (fixture, change) = try held()
        fixture.source(.closed)
        #expect(moving.isDisjoint(with: fixture.serving.served), "the log has to take them back first")
        fixture.handle(.ownershipChanged(number: change, at: 101))
        #expect(fixture.did("ownership"))
        #expect(fixture.machine.progress(now: fixture.now)?.source.links == 0)
    }

    @Test func anAskTooSoonIsRefused() throws {
        var fixture = try streaming()
        fixture.source(.logRead(through: 101, bytes: 0, bytesLeft: 3 * ReshardingLimits.handOverBytesMax))
        fixture.handle(.committed(through: 500))
        fixture.source(.frame(.ask(number: 1)))
        #expect(fixture.did("source released 1") && fixture.serving.writesHeld.isEmpty)
    }

    @Test func aCancelledJobEndsTheLink() throws {
        var fixture = try streaming()
        var cancelled = snapshot
        cancelled.job = try job.cancelling()
        cancelled.jobRevision = 30
        fixture.handle(.snapshotSeen(cancelled))
        #expect(fixture.did("source close"))
    }

    @Test func aSilentTargetIsDropped() throws {
        var fixture = try streaming()
        fixture.handle(.tick, after: ReshardingLimits.silenceMax - 1)
        #expect(!fixture.did("source close") && fixture.did("source mark"))
        fixture.handle(.tick, after: 1)
        #expect(fixture.did("source close"))
    }

    @Test func aTargetThatConnectsAnewEndsItsEarlierLink() throws {
        var (fixture, _) = try held()
        fixture.handle(.source(link: 2, .hello(try hello())))
        #expect(fixture.did("source close the target has connected anew"))
        #expect(fixture.did("source refuse notOwner"), "the slots are not back yet")
    }

    @Test func framesOfTheWrongSideEndTheLink() throws {
        var fixture = try streaming()
        fixture.source(.frame(.copied(keys: 1)))
        #expect(fixture.did("source close"))
    }

    @Test func linksAreBounded() throws {
        // Every link is of another target.
        let names = (0...ReshardingLimits.linksMax).map { "t\($0)" }
        let before = try PlacementPolicy.fixed.map(current: nil, shards: ["a"]).adding(shards: names)
        let moves = try names.enumerated().map {
            ReshardRequest.SlotMove(slots: try SlotList("\($0.offset)"), shard: $0.element)
        }
        let plan = try ReshardPlan(ReshardRequest(moves: moves), current: before, policy: .fixed)
        let step = try ReshardJob(plan, id: "j", requester: "", now: 0).beginning(on: before)
        var fixture = try MachineFixture("a", MachineFixture.snapshot(step.map, step.job))
        for (index, move) in step.job.moves.enumerated() {
            let hello = try hello {
                ($0.move, $0.slots, $0.shard) = (index, move.slots, move.target)
            }
            fixture.handle(.source(link: UInt64(index + 1), .hello(hello)))
            #expect(fixture.did("source refuse busy") == (index == ReshardingLimits.linksMax))
        }
    }

    @Test func handOversGoOneAfterTheOther() throws {
        let before = try MachineFixture.map().adding(shards: ["c"])
        let request = ReshardRequest(
            moves: [.init(slots: try SlotList("100-103"), shard: "b"), .init(slots: try SlotList("200"), shard: "c")]
        )
        let plan = try ReshardPlan(request, current: before, policy: .fixed)
        let step = try ReshardJob(plan, id: "j", requester: "", now: 0).beginning(on: before)
        var fixture = try MachineFixture("a", MachineFixture.snapshot(step.map, step.job))
        for (link, move) in zip(1...2 as ClosedRange<UInt64>, step.job.moves) {
            let hello = try hello { ($0.move, $0.slots, $0.shard) = (move.index, move.slots, move.target) }
            fixture.handle(.source(link: link, .hello(hello)))
            let position = Position(term: 3, sequence: 100)
            fixture.handle(.source(link: link, .copyOpened(position: position, keys: 0, bytes: 0)))
            fixture.handle(.source(link: link, .chunksSent(keys: 0, bytes: 0, isLast: true)))
            fixture.handle(.source(link: link, .frame(.ask(number: 1))))
        }
        #expect(fixture.serving.writesHeld == moving, "the second waits for the first")
        fixture.handle(.source(link: 1, .closed))
        #expect(fixture.serving.writesHeld.contains(200))
    }

    @Test func oneQuestionAtATime() throws {
        var (fixture, _) = try held()
        fixture.source(.frame(.ask(number: 2)))
        #expect(fixture.did("source close"), "while the first is being answered")
    }
}
