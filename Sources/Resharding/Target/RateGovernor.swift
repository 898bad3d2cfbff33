import Model

/// How fast a copy may go beside readers and writers: additive increase, multiplicative decrease of a rate, by the
/// latency of commits against what it was before the copy.
///
/// One on each node that takes part. Fed with the 99th percentile of commits about every `samplePeriod`.
package struct RateGovernor {
    /// Bytes per second. A copy is never slower than the floor, or it would not end; above the ceiling nothing limits.
    package static let floor: UInt64 = 4 << 20
    package static let ceiling: UInt64 = 1 << 30
    /// Where it begins, doubling with every sample until latency rises for the first time.
    package static let start: UInt64 = 64 << 20
    /// What it adds with every sample afterwards.
    package static let step: UInt64 = 8 << 20
    /// Milliseconds between two samples: some hundred commits under load, and a reaction within the second.
    package static let samplePeriod: UInt64 = 250
    /// A sample of fewer commits says nothing of the 99th percentile.
    package static let commitsMin = 20
    /// Percent of the baseline from which it slows down; what is promised is 200.
    package static let strainMax: UInt32 = 150
    /// Microseconds by which latency may rise whatever the baseline: below it, a ratio is noise.
    package static let slack: UInt64 = 500
    /// The baseline where nothing was measured before the copy, in microseconds.
    package static let assumedBaseline: UInt64 = 2_000
    private static let samplesKept = 8

    private var before: [UInt64] = []
    private var isSlowStart = true
    /// What latency alone would allow, in bytes per second.
    private(set) package var allowed = RateGovernor.start
    private(set) package var isCopying = false
    /// Commits here against the baseline, in percent; 100 without load, and without a copy.
    private(set) package var strain: UInt32 = 100

    package init() {}

    /// The baseline in microseconds: the middle of the last samples without a copy.
    package var baseline: UInt64 {
        let sorted = before.sorted()
        return sorted.isEmpty ? Self.assumedBaseline : sorted[sorted.count / 2]
    }

    /// A copy begins or ends here. The baseline is what was measured without one; what was learnt of the rate stays.
    package mutating func setCopying(_ isCopying: Bool) {
        guard isCopying != self.isCopying else { return }
        self.isCopying = isCopying
        strain = 100
    }

    /// Takes a sample.
    /// - Parameters:
    ///   - p99: microseconds from a write's admission to its commit.
    ///   - commits: how many the sample has.
    ///   - elsewhere: strain that the other side of the move told; 100 for none.
    package mutating func sample(p99: UInt64, commits: Int, targetStrain: UInt32 = 100) {
        let isTelling = commits >= Self.commitsMin
        guard isCopying else {
            if isTelling {
                before.append(p99)
                if before.count > Self.samplesKept { before.removeFirst() }
            }
            return
        }
        strain = isTelling ? Self.strain(of: p99, against: baseline) : 100
        if max(strain, targetStrain) > Self.strainMax {
            isSlowStart = false
            allowed = max(Self.floor, allowed / 10 * 7)
        } else {
            allowed = min(Self.ceiling, isSlowStart ? allowed * 2 : allowed + Self.step)
        }
    }

    private static func strain(of p99: UInt64, against baseline: UInt64) -> UInt32 {
        guard p99 > ReshardAmount.sum(baseline, slack) else { return 100 }
        let percent = Double(p99) * 100 / Double(max(1, baseline))
        return UInt32(min(percent, 1e6))
    }

    /// The bytes per second to go at; nil: as fast as it goes.
    /// - Parameter limit: what was asked for explicitly; it is the ceiling then.
    package func rate(limit: UInt64?) -> UInt64? {
        let own = allowed >= Self.ceiling ? nil : allowed
        guard let limit else { return own }
        return min(limit, own ?? limit)
    }
}
