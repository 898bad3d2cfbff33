import Resharding
import Testing

@Suite struct RateGovernorTests {
    /// A governor that has seen quiet commits of 400 µs and copies now.
    private func copying() -> RateGovernor {
        var governor = RateGovernor()
        for _ in 0..<8 { governor.sample(p99: 400, commits: 100) }
        governor.setCopying(true)
        return governor
    }

    @Test func theBaselineIsWhatWasBeforeTheCopy() {
        var governor = copying()
        #expect(governor.baseline == 400)
        for _ in 0..<20 { governor.sample(p99: 9_000, commits: 100) }
        #expect(governor.baseline == 400)
        governor.setCopying(false)
        for _ in 0..<8 { governor.sample(p99: 700, commits: 100) }
        #expect(governor.baseline == 700)
    }

    @Test func samplesOfFewCommitsSayNothing() {
        var governor = RateGovernor()
        governor.sample(p99: 5, commits: RateGovernor.commitsMin - 1)
        #expect(governor.baseline == RateGovernor.assumedBaseline)
        governor.setCopying(true)
        governor.sample(p99: 1_000_000, commits: RateGovernor.commitsMin - 1)
        #expect(governor.strain == 100 && governor.allowed > RateGovernor.start)
    }

    @Test func itDoublesUntilLatencyRises() {
        var governor = copying()
        governor.sample(p99: 450, commits: 100)
        #expect(governor.allowed == 2 * RateGovernor.start)
        governor.sample(p99: 5_000, commits: 100)
        let less = governor.allowed
        #expect(less < 2 * RateGovernor.start && governor.strain == 1_250)
        governor.sample(p99: 450, commits: 100)
        #expect(governor.allowed == less + RateGovernor.step)
    }

    @Test func itNeverStops() {
        var governor = copying()
        for _ in 0..<200 { governor.sample(p99: 1_000_000, commits: 100) }
        #expect(governor.rate(limit: nil) == RateGovernor.floor)
    }

    @Test func withoutLoadNothingLimits() {
        var governor = copying()
        for _ in 0..<40 { governor.sample(p99: 0, commits: 0) }
        #expect(governor.rate(limit: nil) == nil)
        #expect(governor.rate(limit: 5_000_000) == 5_000_000)
    }

    @Test func whatWasAskedForIsTheCeiling() {
        var governor = copying()
        #expect(governor.rate(limit: 1 << 20) == 1 << 20)
        for _ in 0..<200 { governor.sample(p99: 1_000_000, commits: 100) }
        #expect(governor.rate(limit: 1 << 30) == RateGovernor.floor)
    }

    /// The other side's readers and writers count as much.
    @Test func strainElsewhereSlowsItDown() {
        var governor = copying()
        governor.sample(p99: 400, commits: 100, targetStrain: 300)
        #expect(governor.allowed < RateGovernor.start && governor.strain == 100)
    }

    @Test func smallDifferencesAreNoise() {
        var governor = copying()
        governor.sample(p99: 400 + RateGovernor.slack, commits: 100)
        #expect(governor.strain == 100)
        governor.sample(p99: 401 + RateGovernor.slack, commits: 100)
        #expect(governor.strain > RateGovernor.strainMax)
    }
}
