import Model
import Replication
import Storage
import Testing

@Suite struct ReplicationTests {
    private func isCaughtUp(_ shard: FakeShard) -> Bool {
        shard.followerDisk.terms.end == shard.leaderDisk.terms.end
            && shard.followerDisk.applied == shard.leaderDisk.terms.end.sequence
    }

    @Test func logIsShippedAndLagReturnsToZero() {
        var shard = FakeShard(term: 1, leader: [])
        for _ in 0..<50 {
            shard.write(count: 3)
            shard.step()
        }
        shard.run(500)
        #expect(isCaughtUp(shard))
        #expect(shard.follower.lag(now: shard.now) == FollowerLag(milliseconds: 0, entries: 0, bytes: 0))
        #expect(shard.follower.report.state == .running)
        #expect(shard.snapshots == 0)
    }

    @Test func cutLinkNeverReadsZeroAndIsReported() {
        var shard = FakeShard(term: 1, leader: [makeBatch(term: 1, first: 1, count: 3)])
        #expect(shard.follower.lag(now: shard.now).milliseconds > 0)
        #expect(shard.follower.stalenessMilliseconds(now: shard.now) == nil)
        shard.run(500)
        shard.isCut = true
        shard.run(400)
        var last: UInt64 = 0
        for _ in 0..<800 {
            shard.step()
            let lag = shard.follower.lag(now: shard.now).milliseconds
            #expect(lag > last)
            last = lag
        }
        #expect(shard.follower.report.state == .disconnected)
        shard.isCut = false
        shard.run(3_000)
        #expect(shard.follower.lag(now: shard.now).milliseconds == 0)
    }

    /// The process slept for 40 s: what the leader sent before it gave the link up says nothing of now, and the next link does
    /// at once.
    @Test func aReplicaThatSleptIsCurrentAsSoonAsItHasCaughtUp() {
        var shard = FakeShard(term: 1, leader: [])
        shard.run(500)
        for second in 0..<40 {
            shard.write(count: 1)
            for _ in 0..<10 {
                shard.now += 100
                shard.lead(.tick)
            }
            #expect((shard.leader == nil) == (second >= 9), "the leader waits for 10 s")
        }
        shard.follow(.tick)
        shard.deliver()
        shard.follow(.disconnected(link: shard.linkNumber, reason: "closed"))
        #expect(shard.follower.lag(now: shard.now).milliseconds >= 40_000)
        shard.run(ReplicationLimits.reconnectFirst + 3 * ReplicationLimits.heartbeatPeriod)
        #expect(isCaughtUp(shard))
        #expect(shard.follower.lag(now: shard.now).milliseconds == 0)
    }

    @Test func lagGoesOnWithNobodyToUpdateIt() {
        let current = FollowerLag(milliseconds: 0, entries: 0, bytes: 0)
        #expect(current.aged(by: 100, 150).milliseconds == 0)
        #expect(current.aged(by: 200, 150).milliseconds == 350)
        #expect(FollowerLag(milliseconds: 400, entries: 3, bytes: 9).aged(by: 50, 400).milliseconds == 450)
        #expect(FollowerLag(milliseconds: 400, entries: 3, bytes: 9).aged(by: 50, nil).milliseconds == 450)
        #expect(FollowerLag(milliseconds: 400, entries: 3, bytes: 9).aged(by: 50, nil).entries == 3)
    }

    /// A leader that is told of the cut too early resumes while the follower still cuts, which ends the link.
    @Test func nothingIsAcknowledgedUntilACutIsOnTheDisk() {
        var disk = FakeShard.Disk()
        disk.append(makeBatch(term: 1, first: 1, count: 4))
        var follower = FakeShard.machine(disk, 1_000)
        var now: UInt64 = 1_000
        func acknowledged(_ event: FollowerMachine.Event) -> [Position] {
            now += 10
            return follower.handle(event, now: now).compactMap { action in
                if case .send(.acknowledge(let answer)) = action { answer.durable } else { nil }
            }
        }
        func beat() -> PeerFrame {
            .heartbeat(.init(term: 2, lastSequence: 2, commitSequence: 0, unsentBytes: 0, echo: 0))
        }
        let common = Position(term: 1, sequence: 2)
        _ = acknowledged(.tick)
        _ = acknowledged(.connected(link: 1))
        #expect(acknowledged(.helloAccepted(link: 1)) == [Position(term: 1, sequence: 4)])
        #expect(acknowledged(.frame(link: 1, .truncate(after: common))).isEmpty)
        #expect(acknowledged(.frame(link: 1, beat())).isEmpty)
        #expect(acknowledged(.truncated) == [common])
        #expect(acknowledged(.frame(link: 1, beat())) == [common])
    }

    @Test func snapshotForAReplicaBehindTheLogThenLog() {
        var shard = FakeShard(term: 1, leader: (0..<10).map { makeBatch(term: 1, first: $0 * 2 + 1, count: 2) })
        shard.cutLog(to: 8)
        var slots = SlotSet()
        slots.insert(7...7)
        shard.owned = SlotOwnership(slots: slots, mapVersion: 3)
        shard.run(200)
        shard.write(count: 2)
        shard.run(500)
        #expect(shard.snapshots == 1)
        #expect(shard.installedOwned == shard.owned, "a snapshot brings what the shard owns by its log")
        #expect(isCaughtUp(shard))
        #expect(shard.follower.report.state == .running)
    }

    @Test func halfInstalledReplicaOfAnEmptyLeaderRecovers() {
        var shard = FakeShard(term: 1, leader: [])
        shard.followerDisk.needsSnapshot = true
        shard.crashFollower()
        shard.run(500)
        shard.write(count: 1)
        shard.run(500)
        #expect(shard.snapshots == 1)
        #expect(isCaughtUp(shard))
    }

    /// In the middle of writes, with some of them under way: the log has all, the engine does not.
    @Test func aDamagedReplicaAsksForASnapshot() {
        var shard = FakeShard(term: 1, leader: [makeBatch(term: 1, first: 1, count: 3)])
        shard.run(500)
        shard.write(count: 2)
        shard.run(2)
        shard.follow(.damaged("a record is damaged"))
        shard.write(count: 2)
        shard.run(1_000)
        #expect(shard.snapshots == 1)
        shard.follow(.damaged("the same, told again before it knew"))
        shard.run(1_000)
        #expect(shard.snapshots == 2)
        shard.write(count: 1)
        shard.run(500)
        #expect(isCaughtUp(shard))
        #expect(shard.follower.report.state == .running)
    }

    @Test func tailOfEqualLengthAndAnotherTermIsCut() {
        let common = makeBatch(term: 1, first: 1, count: 3)
        var shard = FakeShard(
            term: 3,
            leader: [common, makeBatch(term: 3, first: 4, count: 2)],
            follower: [common, makeBatch(term: 2, first: 4, count: 2)],
            followerCommit: 3
        )
        shard.run(500)
        #expect(shard.cuts == 1)
        #expect(shard.snapshots == 0)
        #expect(isCaughtUp(shard))
        #expect(shard.followerDisk.records == shard.leaderDisk.records)
    }

    @Test func divergenceBelowTheCommitPositionTakesASnapshot() {
        let common = makeBatch(term: 1, first: 1, count: 3)
        var shard = FakeShard(
            term: 3,
            leader: [common, makeBatch(term: 3, first: 4, count: 2)],
            follower: [common, makeBatch(term: 2, first: 4, count: 2)],
            followerCommit: 5
        )
        shard.run(500)
        #expect(shard.cuts == 0)
        #expect(shard.snapshots == 1)
        #expect(isCaughtUp(shard))
    }

    @Test func aLeaderThatLostItsLogIsRefusedNotFollowed() {
        var shard = FakeShard(
            term: 1,
            leader: [],
            follower: [makeBatch(term: 1, first: 1, count: 4)],
            followerCommit: 4
        )
        shard.run(5_000)
        #expect(shard.followerDisk.records.count == 4)
        #expect(shard.snapshots == 0)
        #expect(shard.follower.report.message.contains("check the leader's disk"))
    }

    @Test func bytesInFlightAreBounded() {
        var shard = FakeShard(term: 1, leader: [])
        shard.run(200)
        shard.syncs = false
        for _ in 0..<40 { shard.write(count: 1, padding: 1 << 20) }
        shard.run(1_000)
        let held = shard.unsynced.reduce(0) { $0 + $1.bytes.count }
        #expect(held <= ReplicationLimits.inFlightBytesMax + (1 << 20) + 1_000)
        #expect(held > ReplicationLimits.inFlightBytesMax / 2)
        shard.syncs = true
        shard.run(1_000)
        #expect(isCaughtUp(shard))
    }

    @Test(arguments: 0..<UInt64(300)) func everyHistoryStaysAPrefix(seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ 1)
        var shard = FakeShard(term: 1, leader: [])
        for _ in 0..<400 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6: shard.write(count: Int.random(in: 1...4, using: &random))
            case 6: shard.crashFollower()
            case 7: shard.follow(.disconnected(link: shard.linkNumber, reason: "reset"))
            case 8: shard.isCut.toggle()
            case 9: shard.syncs.toggle()
            case 10:
                if shard.leaderDisk.terms.end.sequence > 5, shard.leader == nil {
                    shard.cutLog(to: shard.leaderDisk.terms.end.sequence - 3)
                }
            case 11: shard.sync()
            case 12..<15: shard.deliver(limit: Int.random(in: 1...200, using: &random))
            default: shard.step(UInt64.random(in: 1...300, using: &random))
            }
            let truth = shard.leaderDisk.terms
            #expect(shard.followerDisk.records.allSatisfy { truth.term(at: $0.key) == $0.value })
            #expect(shard.followerDisk.commit <= truth.end.sequence)
        }
        shard.isCut = false
        shard.syncs = true
        shard.run(10_000)
        #expect(isCaughtUp(shard))
        #expect(shard.follower.lag(now: shard.now).milliseconds == 0)
    }
}
