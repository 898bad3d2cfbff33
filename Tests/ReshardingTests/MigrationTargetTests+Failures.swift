import Model
import Replication
import Resharding
import Routing
import Storage
import Testing

/// Pauses, limits, failures, and a source that sends what it must not.
extension MigrationTargetTests {
    @Test func aPausedCopyTakesNothingIn() throws {
        var fixture = try copying()
        var paused = snapshot
        paused.job = try job.pausing()
        paused.jobRevision = 30
        fixture.handle(.snapshotSeen(paused))
        fixture.target(.frame(.chunk(try #require(MachineFixture.chunk([5])))))
        #expect(!fixture.did("target 1 import"))
        #expect(fixture.machine.progress(now: fixture.now)?.target.message == "paused")
        paused.job = job
        paused.jobRevision = 31
        fixture.handle(.snapshotSeen(paused))
        #expect(fixture.did("target 1 import 1"))
    }

    @Test func aPausedJobBeginsNothingAndAsksForNothing() throws {
        var paused = snapshot
        paused.job = try job.pausing()
        var fixture = try MachineFixture("b", paused)
        fixture.handle(.tick)
        #expect(!fixture.did("target"))
        fixture = try copying()
        try take(MachineFixture.chunk([5]), &fixture)
        fixture.target(.frame(.copied(keys: 1)))
        paused.jobRevision = 30
        fixture.handle(.snapshotSeen(paused))
        fixture.target(mark(95, 0))
        #expect(!fixture.did("target 1 ask"))
        // Catching up goes on, or the log would grow.
        fixture.target(.frame(.chunk(try #require(MachineFixture.chunk([96])))))
        #expect(fixture.did("target 1 import 1"))
    }

    @Test func aRateLimitsTheCopy() throws {
        var limited = snapshot
        limited.job = try job.limiting(to: 100_000)
        var fixture = try copying(limited)
        for version in 1...20 as ClosedRange<UInt64> {
            fixture.target(.frame(.chunk(try #require(MachineFixture.chunk([version], bytes: 5_000)))))
        }
        // A tenth of a second's worth at once, then as time goes on.
        var imported = 2
        #expect(fixture.machine.progress(now: fixture.now)?.target.bytesPerSecondMax == 100_000)
        for _ in 0..<10 {
            fixture.handle(.tick, after: 100)
            imported += fixture.words.filter { $0.hasPrefix("target 1 import") }.count
        }
        #expect((18...22).contains(imported), "\(imported) chunks of 5 kB in a second")
    }

    @Test func whatDoesNotShrinkIsHurried() throws {
        var limited = snapshot
        limited.job = try job.limiting(to: 100_000)
        var fixture = try copying(limited)
        try take(MachineFixture.chunk([5]), &fixture)
        fixture.target(.frame(.copied(keys: 1)))
        fixture.target(mark(95, 5 << 20))
        for step in 1...4 as ClosedRange<UInt64> {
            fixture.target(mark(95 + step, 5 << 20), after: ReshardingLimits.hurryAfter / 4)
        }
        let progress = try #require(fixture.machine.progress(now: fixture.now)).target
        #expect(progress.isHurrying && progress.bytesPerSecondMax == nil && !progress.message.isEmpty)
        #expect(progress.phase == .catchingUp && progress.logBytesLeft == 5 << 20)
        fixture.handle(.tick, after: 1_000)
        #expect(!fixture.did("target 1 ask"), "writes are never held to make it")
    }

    @Test func failuresAreTriedAgainAfterAPause() throws {
        var fixture = try connected()
        fixture.target(.closed(reason: "connection refused"))
        #expect(!fixture.did("target 2 connect"))
        let progress = try #require(fixture.machine.progress(now: fixture.now)).target
        #expect(progress.phase == .waiting && progress.message == "connection refused" && progress.failures == 1)
        fixture.handle(.tick, after: ReshardingLimits.moveRetryFirst)
        #expect(fixture.did("target 2 connect"))
        fixture.target(.closed(reason: "again"), link: 2)
        fixture.handle(.tick, after: ReshardingLimits.moveRetryFirst)
        #expect(!fixture.did("target 3 connect"))
        fixture.handle(.tick, after: ReshardingLimits.moveRetryFirst)
        #expect(fixture.did("target 3 connect"))
    }

    @Test func aFullDiskIsToldAndTriedAgain() throws {
        var fixture = try copying()
        fixture.target(.importFailed(reason: "no space left"))
        #expect(fixture.did("target 1 close"))
        #expect(fixture.machine.progress(now: fixture.now)?.target.message.contains("no space left") ?? false)
        fixture.handle(.tick, after: ReshardingLimits.moveRetryFirst)
        #expect(fixture.did("target 2 connect"))
    }

    @Test func aSourceWithoutALeaderIsWaitedFor() throws {
        var without = snapshot
        without.records["a"] = MachineFixture.record("a", term: 3, revision: 30, leads: false)
        var fixture = try MachineFixture("b", without)
        fixture.handle(.tick)
        #expect(!fixture.did("target"))
        #expect(fixture.machine.progress(now: fixture.now)?.target.message == "a has no leader")
        without.records["a"] = MachineFixture.record("a", term: 4, revision: 31)
        fixture.handle(.snapshotSeen(without))
        #expect(fixture.did("target 1 connect"))
    }

    @Test func aNewLeaderOfTheSourceIsAskedAtOnce() throws {
        for isConnecting in [true, false] {
            var fixture = isConnecting ? try connected() : try copying()
            var later = snapshot
            later.records["a"] = MachineFixture.record("a", term: 4, revision: 30)
            fixture.handle(.snapshotSeen(later))
            #expect(fixture.did("target 1 close a has another leader") && fixture.did("target 2 connect a:1"))
        }
    }

    @Test func aSilentSourceIsGivenUp() throws {
        var fixture = try copying()
        fixture.handle(.tick, after: ReshardingLimits.silenceMax)
        #expect(fixture.did("target 1 close"))
        fixture = try connected()
        fixture.handle(.tick, after: ReshardingLimits.acceptPatience - 1)
        #expect(!fixture.did("target 1 close") && fixture.did("target 1 acknowledge"))
        fixture.handle(.tick, after: 1)
        #expect(fixture.did("target 1 close"))
    }

    /// What a source must not send ends the link; nothing of it reaches the log.
    @Test func aSourceIsNotTrusted() throws {
        let wrong = try #require(MachineFixture.chunk([5]))
        var fixture = try connected()
        fixture.target(.frame(.chunk(wrong)))
        #expect(fixture.did("target 1 close") && !fixture.did("target 1 import"))

        fixture = try asked()
        fixture.target(.frame(.chunk(try #require(MachineFixture.chunk([500])))))
        fixture.target(.frame(.final(number: 1, position: Position(term: 3, sequence: 101))))
        #expect(fixture.did("target 1 close"), "a version beyond the end")

        fixture = try copying()
        fixture.target(mark(95, 0))
        fixture.target(mark(94, 0))
        #expect(fixture.did("target 1 close"), "a log that goes back")

        fixture = try copying()
        fixture.target(.frame(.acknowledge(bytes: 1)))
        #expect(fixture.did("target 1 close"))

        fixture = try copying()
        accept(&fixture)
        #expect(fixture.did("target 1 close"), "accepted twice")
    }

    @Test func keysOfOtherSlotsAreRefused() throws {
        var builder = MigrationChunkBuilder()
        Array("other".utf8).withUnsafeBytes { key in
            builder.append(MigrationEntry(kind: .put, slot: MachineFixture.slot, version: 1, key: key))
        }
        var fixture = try copying()
        let chunk = builder.finish()
        fixture.target(.frame(.chunk(try #require(chunk))))
        #expect(fixture.did("target 1 close") && !fixture.did("target 1 import"))
    }

    @Test func theWindowIsBounded() throws {
        var paused = snapshot
        paused.job = try job.pausing()
        paused.jobRevision = 30
        var fixture = try copying()
        fixture.handle(.snapshotSeen(paused))
        let chunk = try #require(MachineFixture.chunk([5], bytes: 15 << 20))
        fixture.target(.frame(.chunk(chunk)))
        #expect(!fixture.did("target 1 close"))
        fixture.target(.frame(.chunk(chunk)))
        #expect(fixture.did("target 1 close"))
    }
}
