/// How long hand-overs held writes: counts of pauses by length, in milliseconds.
package struct PauseHistogram: Hashable, Sendable, Codable {
    /// Upper ends of the buckets, included; the last bucket has what is longer.
    package static let bounds: [UInt64] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]

    package private(set) var counts: [UInt64]
    package private(set) var max: UInt64

    package init() {
        counts = Array(repeating: 0, count: Self.bounds.count + 1)
        max = 0
    }

    package var total: UInt64 { counts.reduce(0) { ReshardAmount.sum($0, $1) } }

    package mutating func record(_ milliseconds: UInt64) {
        counts[Self.bounds.firstIndex { milliseconds <= $0 } ?? Self.bounds.count] += 1
        max = Swift.max(max, milliseconds)
    }

    package mutating func add(_ other: PauseHistogram) {
        for index in counts.indices { counts[index] = ReshardAmount.sum(counts[index], other.counts[index]) }
        max = Swift.max(max, other.max)
    }

    /// The upper end of the bucket that has the pause which `fraction` (0 to 1) of all don't exceed, and no more than
    /// the longest; 0 without any.
    package func quantile(_ fraction: Double) -> UInt64 {
        let total = total
        guard total > 0 else { return 0 }
        let rank = Double(total) * Swift.min(1, Swift.max(0, fraction))
        var seen: UInt64 = 0
        for (index, count) in counts.enumerated() {
            seen = ReshardAmount.sum(seen, count)
            if Double(seen) >= rank, count > 0 {
                return index < Self.bounds.count ? Swift.min(max, Self.bounds[index]) : max
            }
        }
        return max
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        max = try values.decode(UInt64.self, forKey: .max)
        counts = try values.decode([UInt64].self, forKey: .counts)
        guard counts.count == Self.bounds.count + 1 else {
            throw ReshardError(.badDocument, "a histogram of pauses has \(counts.count) buckets")
        }
    }

    private enum CodingKeys: String, CodingKey {
        case counts, max
    }
}
