import Replication
import Storage
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
                "stands for term 6: the session of h:1 has ended",
                "leaves h:1, h:3 out of the in-sync set: no session at the coordinator",
            ]
        )
    }

    @Test func aLaidDownLeadIsToldApart() {
        var bench = LeadershipBench(b, durable: end)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        let said = notes(bench.see(ShardRecord(shard: "s", term: 4, leader: nil, session: "", inSync: [b])))
        #expect(said == ["stands for term 5: its last leader laid the lead down"])
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
                "its session at the coordinator ended: it could not lead until it has another"
            ]
        )
    }
}
