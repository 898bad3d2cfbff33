import Model
import Replication
import Testing

/// Single decisions of a leader, one machine at a time; whole clusters are the simulation's.
@Suite struct LeadershipMachineTests {
    private let a = Cast.a
    private let b = Cast.b
    private let c = Cast.c
    private let end = Cast.end

    @Test func nothingIsServedBeforeEveryMemberHasTheTermsFirstRecord() {
        var bench = LeadershipBench(a, durable: end)
        var actions = bench.lead(record(a, "mine", [a, b]))
        #expect(commits(actions).isEmpty)
        #expect(!bench.machine.isServing(now: bench.now))
        bench.attach(1, b, 20, term: 5)
        #expect(!bench.machine.isServing(now: bench.now))
        actions = bench.handle(.followerAcknowledged(link: 1, position: Position(term: 5, sequence: 21)))
        #expect(commits(actions) == [21])
        #expect(intakes(actions) == [.open])
        #expect(bench.machine.isServing(now: bench.now))
    }

    @Test func acknowledgementsOfAnotherTermsStreamDoNotCount() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a, b]))
        bench.attach(1, b, 21, term: 4)
        #expect(!bench.machine.isServing(now: bench.now))
    }

    @Test func aLeaderStopsWhenItsLeaseHasRunOut() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a]))
        #expect(bench.machine.isServing(now: bench.now))
        let deadline = LeaseRule(ttl: 3_000).deadline(sentAt: bench.now)
        #expect(!bench.machine.isServing(now: deadline))
        bench.now = deadline
        #expect(stepsDown(bench.handle(.durable(through: Position(term: 5, sequence: 22)))))
    }

    /// A coordinator that hears renewals while its answers are lost would keep the session for ever, and nobody could lead.
    @Test func aSessionWhoseRenewalsAreNotAnsweredIsGivenUp() {
        let deadline = LeaseRule(ttl: 3_000).deadline(sentAt: 10_000)
        for leads in [true, false] {
            var bench = LeadershipBench(a, durable: end)
            if leads {
                _ = bench.lead(record(a, "mine", [a, b]))
            } else {
                _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
                _ = bench.see(record(b, "theirs", [a, b]))
            }
            bench.now = deadline - 1
            #expect(!ends("mine", bench.handle(.tick)))
            bench.now = deadline
            let actions = bench.handle(.tick)
            #expect(ends("mine", actions) && stepsDown(actions) == leads)
            #expect(actions.contains { if case .openSession = $0 { true } else { false } })
            // Too late: the coordinator has been told to end it.
            _ = bench.handle(.sessionRenewed(id: "mine", sentAt: deadline - 1))
            #expect(bench.machine.blocker(of: a, now: bench.now)?.contains("session") == true)
        }
    }

    private func ends(_ id: String, _ actions: [LeadershipMachine.Action]) -> Bool {
        actions.contains { if case .endSession(id) = $0 { true } else { false } }
    }

    @Test func aHangingDiskEndsTheLeadIfAnotherCouldHaveIt() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a, b]))
        bench.attach(1, b, 21, term: 5)
        _ = bench.handle(.noticesSeen([notice(a, "mine", end), notice(b, "x", end)]))
        _ = bench.handle(.appended(through: Position(term: 5, sequence: 22)))
        _ = bench.handle(.sessionRenewed(id: "mine", sentAt: bench.now + LeadershipLimits.diskPatience - 1))
        bench.now += LeadershipLimits.diskPatience
        let actions = bench.handle(.tick)
        #expect(stepsDown(actions))
        #expect(actions.contains { if case .endSession("mine") = $0 { true } else { false } })
        #expect(bench.machine.blocker(of: a, now: bench.now)?.contains("disk has not answered") == true)
        _ = bench.handle(.durable(through: Position(term: 5, sequence: 22)))
        #expect(bench.machine.blocker(of: a, now: bench.now)?.contains("session") == true)
    }

    @Test func aDiskThatAnswersAfterTheLeadIsAHealthyDisk() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        bench.revision += 1
        _ = bench.see(record(a, "mine", [a, b]))
        _ = bench.handle(.noticesSeen([notice(a, "mine", end), notice(b, "x", end)]))
        _ = bench.handle(.sessionRenewed(id: "mine", sentAt: bench.now + LeadershipLimits.diskPatience - 1))
        bench.now += LeadershipLimits.diskPatience
        #expect(stepsDown(bench.handle(.tick)))
        _ = bench.handle(.termBegun(Position(term: 5, sequence: 21)))
        #expect(bench.machine.durable == Position(term: 5, sequence: 21))
        #expect(bench.machine.blocker(of: a, now: bench.now)?.contains("disk") == false)
    }

    // MARK: The in-sync set

    @Test func aSilentMemberIsTakenOutFirstAndOnlyThenNotWaitedFor() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a, b]))
        bench.attach(1, b, 21, term: 5)
        _ = bench.handle(.appended(through: Position(term: 5, sequence: 22)))
        #expect(commits(bench.handle(.durable(through: Position(term: 5, sequence: 22)))).isEmpty)
        bench.now += ReplicationLimits.silenceMax
        let actions = bench.handle(.tick)
        let shrink = proposals(actions).first
        #expect(shrink?.record.inSync == [a])
        #expect(commits(actions).isEmpty)
        // Unknown: it may be written or not, so writes go on waiting, and the same proposal goes out again.
        let number = shrink?.number ?? 0
        #expect(commits(bench.handle(.proposed(number: number, .unknown))).isEmpty)
        bench.now += LeadershipLimits.retryPause
        let again = bench.handle(.tick)
        #expect(proposals(again) == proposals(actions))
        #expect(commits(again).isEmpty)
        #expect(commits(bench.handle(.proposed(number: number, .committed(revision: 99)))) == [22])
    }

    @Test func writesWaitForAReplicaBeforeItIsLetIn() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a]))
        bench.attach(1, b, 21, term: 5)
        let actions = bench.handle(.tick)
        #expect(proposals(actions).isEmpty)
        #expect(actions.contains { if case .setWaiting(true) = $0 { true } else { false } })
        // The store may have shown 23 by itself before it was told to wait.
        _ = bench.handle(.waiting(from: 23))
        #expect(proposals(bench.handle(.tick)).isEmpty)
        _ = bench.handle(.durable(through: Position(term: 5, sequence: 23)))
        let letIn = bench.handle(.followerAcknowledged(link: 1, position: Position(term: 5, sequence: 23)))
        #expect(proposals(letIn).first?.record.inSync == [a, b])
    }

    @Test func anAnswerToAnEarlierOrderToWaitIsNotTakenForTheLast() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a]))
        bench.attach(1, b, 21, term: 5)
        _ = bench.handle(.tick)
        let gone = bench.handle(.followerDetached(link: 1))
        #expect(gone.contains { if case .setWaiting(false) = $0 { true } else { false } })
        bench.attach(2, b, 21, term: 5)
        _ = bench.handle(.tick)
        // The first order's answer is late; the store has shown up to 30 since.
        #expect(proposals(bench.handle(.waiting(from: 21))).isEmpty)
        #expect(proposals(bench.handle(.tick)).isEmpty)
        #expect(proposals(bench.handle(.waiting(from: 30))).isEmpty)
        _ = bench.handle(.durable(through: Position(term: 5, sequence: 30)))
        let caughtUp = bench.handle(.followerAcknowledged(link: 2, position: Position(term: 5, sequence: 30)))
        #expect(proposals(caughtUp).first?.record.inSync == [a, b])
    }

    @Test func aMemberGetsASnapshotOnlyOnceItIsOut() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a, b]))
        _ = bench.handle(.followerAttached(link: 1, member: b, term: 5))
        var actions = bench.handle(.followerNeedsSnapshot(link: 1))
        #expect(!actions.contains { if case .allowSnapshot = $0 { true } else { false } })
        let shrink = proposals(actions).first
        #expect(shrink?.record.inSync == [a])
        actions = bench.handle(.proposed(number: shrink?.number ?? 0, .committed(revision: 99)))
        #expect(actions.contains { if case .allowSnapshot(1) = $0 { true } else { false } })
    }

    /// What the store may count on: less as soon as a member is to go, more only when it is known to be in.
    @Test func theStoreIsToldOfTheSmallerSetWhileItChanges() throws {
        var bench = LeadershipBench(a, durable: end)
        #expect(members(bench.lead(record(a, "mine", [a, b]))) == [2])
        bench.attach(1, b, 21, term: 5)
        bench.now += ReplicationLimits.silenceMax
        let shrinks = bench.handle(.tick)
        let shrink = try #require(proposals(shrinks).first)
        #expect(shrink.record.inSync == [a])
        #expect(members(shrinks) == [1])
        #expect(members(bench.handle(.proposed(number: shrink.number, .unknown))).isEmpty)
        #expect(members(bench.handle(.proposed(number: shrink.number, .committed(revision: 98)))).isEmpty)
        bench.attach(2, b, 21, term: 5)
        let waits = bench.handle(.tick) + bench.handle(.waiting(from: 21)) + bench.handle(.tick)
        let growth = try #require(proposals(waits).first)
        #expect(growth.record.inSync == [a, b])
        #expect(members(waits).isEmpty)
        #expect(members(bench.handle(.proposed(number: growth.number, .committed(revision: 99)))) == [2])
    }

    @Test func replicasCountOnceAndOnlyAsFarAsTheyAcknowledged() {
        var bench = LeadershipBench(a, durable: end)
        #expect(bench.machine.replicaProgress == nil)
        _ = bench.lead(record(a, "mine", [a, b]))
        #expect(bench.machine.replicaProgress == ReplicaProgress([]))
        bench.attach(1, c, 3, term: 5)
        bench.attach(2, b, 21, term: 5)
        bench.attach(3, b, 20, term: 5)
        // The newer of two links of one replica is the one that counts; one that takes a snapshot has nothing.
        #expect(bench.machine.replicaProgress == ReplicaProgress([3, 20]))
        _ = bench.handle(.followerNeedsSnapshot(link: 1))
        #expect(bench.machine.replicaProgress == ReplicaProgress([20]))
        _ = bench.handle(.sessionEnded(id: "mine"))
        #expect(bench.machine.replicaProgress == nil)
    }

    @Test func aReplicaHasWhatItAcknowledgedAndWhatCameBefore() {
        let progress = ReplicaProgress([3, 20, 20])
        #expect([0, 3, 4, 20, 21].map { progress.count(having: $0) } == [3, 3, 2, 2, 0])
        #expect(progress.has(2, 20) && progress.has(3, 3) && progress.has(0, 99) && progress.has(-1, 99))
        #expect(!progress.has(3, 4) && !progress.has(1, 21) && !progress.has(4, 0) && !progress.has(.max, 0))
        #expect(ReplicaProgress([]).has(0, 1) && !ReplicaProgress([]).has(1, 0))
    }

    // MARK: Switchover

    @Test func aSwitchoverHoldsReadsBeforeItIsProposedAndNeverGuessesItsOutcome() throws {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a, b]))
        bench.attach(1, b, 21, term: 5)
        _ = bench.handle(.noticesSeen([notice(a, "mine", end), notice(b, "x", end)]))
        #expect(intakes(bench.handle(.switchover(to: "h:2"))) == [.held])
        let actions = bench.handle(.drained)
        let holds = try #require(actions.firstIndex { if case .setIntake(.heldWithReads) = $0 { true } else { false } })
        let proposes = try #require(actions.firstIndex { if case .propose = $0 { true } else { false } })
        #expect(holds < proposes)
        let proposal = try #require(proposals(actions).first)
        #expect(proposal.record == record(b, "x", [a, b], term: 6))
        #expect(intakes(bench.handle(.proposed(number: proposal.number, .unknown))).isEmpty)
        bench.now += LeadershipLimits.retryPause
        _ = bench.handle(.tick)
        // The first attempt was written after all: the second finds its record.
        let found = SeenRecord(record: proposal.record, revision: 50)
        let ended = bench.handle(.proposed(number: proposal.number, .conflict(found)))
        #expect(stepsDown(ended))
        #expect(ended.contains { if case .follow(let leader, term: 6) = $0 { leader == b } else { false } })
        #expect(ended.contains { if case .switchoverEnded(failure: nil) = $0 { true } else { false } })
    }

    @Test func aTargetThatDiesBeforeTheProposalLeavesTheLeadWhereItIs() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a, b]))
        bench.attach(1, b, 21, term: 5)
        _ = bench.handle(.noticesSeen([notice(a, "mine", end), notice(b, "x", end)]))
        _ = bench.handle(.switchover(to: nil))
        let actions = bench.handle(.followerDetached(link: 1))
        #expect(intakes(actions) == [.open])
        #expect(!stepsDown(actions))
    }

    @Test func blockersAreSaidInWords() {
        var bench = LeadershipBench(a, durable: end)
        _ = bench.lead(record(a, "mine", [a, b]))
        bench.attach(1, b, 21, term: 5)
        bench.attach(2, c, 3, term: 5)
        _ = bench.handle(.noticesSeen([notice(a, "mine", end), notice(c, "y", end)]))
        #expect(bench.machine.blocker(of: b, now: bench.now)?.contains("no session") == true)
        #expect(bench.machine.blocker(of: c, now: bench.now)?.contains("18 records behind") == true)
    }

    @Test(arguments: Array(stride(from: UInt64(2_000), through: 60_000, by: 1_000)))
    func theMarginCoversTheDriftOfBothClocks(ttl: UInt64) {
        let rule = LeaseRule(ttl: ttl)
        let drift = Double(LeaseRule.driftMax) / 1_000
        let leaderStops = Double(rule.deadline(sentAt: 0) + 1) / (1 - drift)
        let coordinatorEnds = Double(ttl) / (1 + drift)
        #expect(leaderStops < coordinatorEnds)
    }
}
