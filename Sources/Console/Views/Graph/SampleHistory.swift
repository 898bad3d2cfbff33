import Model

/// What every node, every shard and the cluster did over the last 15 minutes, one sample per second.
///
/// A second without a sample stays a gap: the graph shows that nothing was known, not that nothing happened.
package struct SampleHistory: Sendable {
    /// 15 minutes: long enough to see what led to an incident, 32 KiB per node.
    package static let capacity = 900
    /// Samples come about once a second; one skipped second is jitter, more is a gap.
    static let jitterSeconds = 2

    /// A sample in as few bytes as its values need on a graph.
    private struct Slot {
        private static let noLag = UInt32.max

        var second = Int32.min
        private var read = UInt32(0)
        private var write = UInt32(0)
        private var lag = Slot.noLag
        private var readLatency = (p50: UInt32(0), p99: UInt32(0))
        private var writeLatency = (p50: UInt32(0), p99: UInt32(0))

        init() {}

        init(_ sample: Sample, second: Int) {
            self.second = Int32(clamping: second)
            read = UInt32(clamping: sample.rates.read)
            write = UInt32(clamping: sample.rates.write)
            lag = sample.lagMilliseconds.map { min(UInt32(clamping: $0), Slot.noLag - 1) } ?? Slot.noLag
            readLatency = Slot.packed(sample.latency.read)
            writeLatency = Slot.packed(sample.latency.write)
        }

        var sample: Sample {
            Sample(
                rates: NodeStatus.Rates(read: Int(read), write: Int(write)),
                lagMilliseconds: lag == Slot.noLag ? nil : Int(lag),
                latency: NodeStatus.Latency(
                    read: .init(p50: Int(readLatency.p50), p99: Int(readLatency.p99)),
                    write: .init(p50: Int(writeLatency.p50), p99: Int(writeLatency.p99))
                )
            )
        }

        private static func packed(_ latency: NodeStatus.Percentiles) -> (p50: UInt32, p99: UInt32) {
            (UInt32(clamping: latency.p50), UInt32(clamping: latency.p99))
        }
    }

    private var series: [RowID: [Slot]] = [:]
    /// The newest second recorded, on the monotonic clock.
    package private(set) var newestSecond: Int?

    package init() {}

    /// Records one snapshot. Series of nodes that left the cluster are dropped.
    package mutating func record(_ snapshot: ClusterSnapshot) {
        let second = Int(clamping: snapshot.milliseconds) / 1_000
        // An older snapshot than the newest can only be a source's mistake.
        if let newestSecond, second < newestSecond { return }
        let repeats =
            newestSecond.map { second - $0 == Self.jitterSeconds ? [second - 1, second] : [second] } ?? [second]
        var seen: Set<RowID> = []
        for (id, sample) in Self.samples(snapshot.status) {
            seen.insert(id)
            var slots = series.removeValue(forKey: id) ?? Array(repeating: Slot(), count: Self.capacity)
            if let sample {
                for second in repeats where second >= 0 {
                    slots[second % Self.capacity] = Slot(sample, second: second)
                }
            }
            series[id] = slots
        }
        if seen.count < series.count { series = series.filter { seen.contains($0.key) } }
        newestSecond = second
    }

    /// `count` samples ending at `last`, oldest first; nil where nothing was recorded.
    package func samples(of id: RowID, last: Int, count: Int) -> [Sample?] {
        guard count > 0 else { return [] }
        guard let slots = series[id] else { return Array(repeating: nil, count: count) }
        return (0..<count).map { offset in
            let second = last - (count - 1 - offset)
            guard second >= 0, last - second < Self.capacity else { return nil }
            let slot = slots[second % Self.capacity]
            guard Int(slot.second) == second else { return nil }
            return slot.sample
        }
    }

    /// One entry per row of the table; nil where no node that counts answered.
    private static func samples(_ status: ClusterStatus) -> [(RowID, Sample?)] {
        var all: [(RowID, Sample?)] = []
        var cluster: Sample?
        for shard in status.shards {
            var total: Sample?
            for node in shard.nodes {
                let sample = Sample(node)
                all.append((.node(node.address), sample))
                if let sample { total = total?.merged(with: sample) ?? sample }
            }
            all.append((.shard(shard.name), total))
            if let total { cluster = cluster?.merged(with: total) ?? total }
        }
        all.append((.cluster, cluster))
        return all
    }
}

extension NodeStatus.State {
    /// Whether the node's counters are its own and fresh.
    package var serves: Bool { self == .running || self == .syncing }

    /// Whether the node is on its way to running.
    package var isInProgress: Bool { self == .starting || self == .syncing }
}

extension NodeStatus.Rates {
    package static func + (left: Self, right: Self) -> Self {
        // Values come over the network: a sum must not trap.
        Self(
            read: left.read.addingReportingOverflow(right.read).partialValue,
            write: left.write.addingReportingOverflow(right.write).partialValue
        )
    }

    package var total: Int { read.addingReportingOverflow(write).partialValue }
}
