import Model
import Replication
import Testing

/// Who may take a shard over, and when; whole clusters are the simulation's.
@Suite struct ElectionTests {
    private let a = Cast.a
    private let b = Cast.b
    private let c = Cast.c
    private let end = Cast.end

    @Test func onlyTheNamedNodeBeginsACluster() {
        var named = LeadershipBench(a, durable: .zero, named: true)
        var other = LeadershipBench(b, durable: .zero)
        for _ in 0..<2 {
            #expect(proposals(named.handle(.sessionGranted(id: "mine", sentAt: named.now))).isEmpty)
            #expect(proposals(other.handle(.sessionGranted(id: "theirs", sentAt: other.now))).isEmpty)
        }
        (named.revision, other.revision) = (0, 0)
        #expect(proposals(named.see(nil)).first?.record == record(a, "mine", [a], term: 1))
        #expect(proposals(other.see(nil)).isEmpty)
    }

    @Test func whoeverIsOutsideTheSetNeverProposesItself() {
        var bench = LeadershipBench(c, durable: Position(term: 9, sequence: 900))
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        _ = bench.see(record(a, "gone", [a, b]))
        for _ in 0..<100 {
            bench.now += 25
            #expect(proposals(bench.handle(.noticesSeen([notice(c, "mine", end)]))).isEmpty)
        }
    }

    @Test func theMostAdvancedByTermTakesOver() {
        // b has more records, but of an earlier term than c's last one.
        let shorter = Position(term: 5, sequence: 18)
        var bench = LeadershipBench(c, durable: shorter)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        _ = bench.see(record(a, "gone", [a, b, c]))
        let proposal = proposals(bench.handle(.noticesSeen([notice(b, "x", end), notice(c, "mine", shorter)]))).first
        #expect(proposal?.record == record(c, "mine", [b, c], term: 6))
        #expect(proposal?.absentSession == "gone")
        #expect(proposal?.requiredSessions == ["mine"])
        var behind = LeadershipBench(b, durable: end)
        _ = behind.handle(.sessionGranted(id: "x", sentAt: behind.now))
        _ = behind.see(record(a, "gone", [a, b, c]))
        #expect(proposals(behind.handle(.noticesSeen([notice(b, "x", end), notice(c, "mine", shorter)]))).isEmpty)
        // It doesn't wait for ever for a better one that does nothing.
        behind.now += 2 * LeadershipLimits.electionWait
        #expect(!proposals(behind.handle(.tick)).isEmpty)
    }

    @Test func aMemberOfAnotherBootMayNotLeadUnlessAllAreOfAnotherBoot() {
        let old = Member(id: "a", address: "h:1", boot: "before")
        let me = Member(id: "a", address: "h:1", boot: "boot")
        var bench = LeadershipBench(me, durable: end)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        _ = bench.see(record(b, "gone", [old, b]))
        for _ in 0..<2 {
            bench.now += 2_500
            _ = bench.handle(.sessionRenewed(id: "mine", sentAt: bench.now))
        }
        let own = notice(me, "mine", end)
        #expect(proposals(bench.handle(.noticesSeen([own, notice(b, "x", end)]))).isEmpty)
        bench.revision += 1
        let lost = Member(id: "b", address: "h:2", boot: "before")
        let proposal = proposals(bench.see(record(old, "gone", [old, lost]))).first
        #expect(proposal?.record.inSync == [me])
    }

    @Test func aTakeoverNeverChangesWhatAnotherMemberVouchesFor() {
        let other = Member(id: "b", address: "h:2", boot: "boot")
        var bench = LeadershipBench(a, durable: end)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        _ = bench.see(record(other, "gone", [a, other]))
        // Of a process of the same boot that ran with fsync, and is gone.
        let stale = notice(b, "earlier", .zero)
        #expect(proposals(bench.handle(.noticesSeen([stale]))).first?.record.inSync == [a, other])
    }

    @Test func aChangeOfDurabilityKeepsTheMembership() {
        let me = Member(id: "a", address: "h:1", boot: "boot")
        var bench = LeadershipBench(me, durable: end)
        _ = bench.handle(.sessionGranted(id: "mine", sentAt: bench.now))
        #expect(proposals(bench.see(record(a, "old", [a]))).first?.record.inSync == [me])
    }
}
