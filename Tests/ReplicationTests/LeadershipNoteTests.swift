import Model
import Replication
import Testing

/// Every change of leader, lease or in-sync set says why: what operators read in the console and in the log.
@Suite struct LeadershipNoteTests {
    private let a = Cast.a
    private let b = Cast.b
    private let c = Cast.c
    private let end = Cast.end

    @Test func aTakeoverNamesWhoIsGoneAndWhomItLeavesOut() {
        var bench = LeadershipBench(b, durable: end)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        _ = bench.see(record(a, "gone", [a, b, c]))
        var said = notes(bench.handle(.noticesSeen([notice(b, "mine", end)])))
        bench.now += 2 * LeadershipLimits.electionWait
        said += notes(bench.handle(.tick))
        #expect(
            said == [
                "is a candidate for term 6: the session of h:1 has ended",
                "leaves h:1, h:3 out of the in-sync set: no session at the coordinator",
            ]
        )
    }

    @Test func aLaidDownLeadIsToldApart() {
        var bench = LeadershipBench(b, durable: end)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        let said = notes(bench.see(ShardRecord(shard: "s", term: 4, leader: nil, session: "", inSync: [b])))
        #expect(said == ["is a candidate for term 5: its last leader stepped down"])
    }

    @Test func aHandOverSaysWhoseWishItIs() {
        for isStop in [false, true] {
            var bench = LeadershipBench(a, durable: end)
            _ = bench.lead(record(a, "mine", [a, b]))
            _ = bench.handle(.noticesSeen([notice(a, "mine", end), notice(b, "x", end)]))
            bench.attach(1, b, 21, term: 5)
            let said = notes(bench.handle(isStop ? .stop : .switchover(to: nil)))
            #expect(said == ["hands over to h:2: \(isStop ? "it is being stopped" : "a switchover was asked for")"])
        }
    }

    @Test func aReplicaSaysWhomItFollowsAndThatItsSessionEnded() {
        var bench = LeadershipBench(b, durable: end)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        #expect(notes(bench.see(record(a, "theirs", [a, b]))) == ["follows h:1 in term 5"])
        #expect(
            notes(bench.handle(.sessionEnded(id: "mine"))) == [
                "its session at the coordinator ended: it can't become leader until it has another"
            ]
        )
    }

    // MARK: No leader

    /// An empty folder in place of a lost disk: it can't become leader, and says who can.
    @Test func aStrangerSaysWhyThereIsNoLeaderAndWhatToDo() throws {
        var bench = LeadershipBench(c, durable: .zero)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        _ = bench.see(record(a, "gone", [a, b]))
        #expect(bench.machine.status(now: bench.now).noLeaderReason == nil, "the notices are not known yet")
        let said = notes(bench.handle(.noticesSeen([notice(c, "mine", .zero)])))
        let reason = try #require(bench.machine.status(now: bench.now).noLeaderReason)
        #expect(said.last == reason)
        #expect(reason.contains("its data folder is not in the in-sync set of s"))
        #expect(reason.contains("Start a member of that set: h:1, h:2."))
        #expect(reason.contains("put back a backup of a member's data folder"))
        // Once, not with every tick.
        #expect(notes(bench.handle(.tick)).isEmpty)
        // A member is back: it becomes leader, and there is nothing to say.
        _ = bench.handle(.noticesSeen([notice(c, "mine", .zero), notice(a, "gone", end)]))
        #expect(bench.machine.status(now: bench.now).noLeaderReason == nil)
    }

    @Test func aLostFolderAtTheSameAddressIsToldApart() throws {
        let former = Member(id: "former", address: c.address)
        var bench = LeadershipBench(c, durable: .zero, named: true)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        _ = bench.see(record(former, "gone", [former]))
        _ = bench.handle(.noticesSeen([notice(c, "mine", .zero)]))
        let reason = try #require(bench.machine.status(now: bench.now).noLeaderReason)
        #expect(reason.contains("Start the only member of that set: h:3 with its former data folder (id former)."))
    }

    @Test func membersThatCanBecomeLeaderSayNothingOfTheKind() {
        var bench = LeadershipBench(b, durable: end)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        _ = bench.see(record(a, "gone", [a, b]))
        _ = bench.handle(.noticesSeen([notice(b, "mine", end)]))
        #expect(bench.machine.status(now: bench.now).noLeaderReason == nil)
    }

    @Test func aReplicaOfANewShardSaysWhatItWaitsFor() throws {
        var bench = LeadershipBench(b, durable: .zero)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        _ = bench.see(nil)
        _ = bench.handle(.noticesSeen([notice(b, "mine", .zero)]))
        #expect(bench.machine.status(now: bench.now).noLeaderReason?.contains("no leader yet: s begins when") == true)
    }
}
