import Storage
import Testing

/// Work leaves the loops when it is slow, and comes back when it is fast, without flapping.
@Suite struct LoopPaceTests {
    @Test func aSingleSlowSyncChangesNothing() {
        var pace = LoopPace.commits
        pace.observe(microseconds: 10_000)
        #expect(!pace.isSlow && pace.commitMode == .loop)
        for _ in 0..<3 { pace.observe(microseconds: 10_000) }
        #expect(pace.isSlow && pace.commitMode == .thread)
    }

    @Test func oneReadThatWaitsForADiskIsEnough() {
        var pace = LoopPace.engineReads
        for _ in 0..<100 { pace.observe(microseconds: 5) }
        #expect(pace.readMode == .loop)
        pace.observe(microseconds: 8_000)
        #expect(pace.readMode == .pool)
    }

    @Test func betweenTheThresholdsNothingChanges() {
        var pace = LoopPace(slowAboveMicroseconds: 100, fastBelowMicroseconds: 50)
        for _ in 0..<100 { pace.observe(microseconds: 75) }
        #expect(!pace.isSlow)
        for _ in 0..<100 { pace.observe(microseconds: 200) }
        for _ in 0..<100 { pace.observe(microseconds: 75) }
        #expect(pace.isSlow)
        for _ in 0..<100 { pace.observe(microseconds: 20) }
        #expect(!pace.isSlow)
        #expect(abs(pace.averageMicroseconds - 20) < 1)
    }
}
