import Server

/// Requests per second of every node, shard and the cluster over the last 15 minutes, one sample per second.
///
/// A second without a sample stays a gap: the graph shows that nothing was known, not that nothing happened.
package struct SampleHistory: Sendable {
    /// 15 minutes: long enough to see what led to an incident, 14 KiB per node.
    package static let capacity = 900
    /// Samples come about once a second; one skipped second is jitter, more is a gap.
    static let jitterSeconds = 2

    private struct Slot {
        var second = Int32.min
        var rates = PackedRates()
    }

    private struct PackedRates {
        var read = UInt32(0)
        var write = UInt32(0)
    }

    private var series: [RowID: [Slot]] = [:]
    /// The newest second recorded, on the monotonic clock.
    package private(set) var newestSecond: Int?

    package init() {}

    /// Records the rates of one snapshot. Series of nodes that left the cluster are dropped.
    package mutating func record(_ snapshot: ClusterSnapshot) {
        let second = Int(clamping: snapshot.milliseconds) / 1_000
        // An older snapshot than the newest can only be a source's mistake.
        if let newestSecond, second < newestSecond { return }
        let repeats =
            newestSecond.map { second - $0 == Self.jitterSeconds ? [second - 1, second] : [second] } ?? [second]
        var seen: Set<RowID> = []
        for (id, rates) in Self.samples(snapshot.status) {
            seen.insert(id)
            var slots = series.removeValue(forKey: id) ?? Array(repeating: Slot(), count: Self.capacity)
            if let rates {
                for second in repeats { Self.write(rates, second: second, into: &slots) }
            }
            series[id] = slots
        }
        if seen.count < series.count { series = series.filter { seen.contains($0.key) } }
        newestSecond = second
    }

    /// `count` samples ending at `last`, oldest first; nil where nothing was recorded.
    package func samples(of id: RowID, last: Int, count: Int) -> [NodeStatus.Rates?] {
        guard count > 0 else { return [] }
        guard let slots = series[id] else { return Array(repeating: nil, count: count) }
        return (0..<count).map { offset in
            let second = last - (count - 1 - offset)
            guard second >= 0, last - second < Self.capacity else { return nil }
            let slot = slots[second % Self.capacity]
            guard Int(slot.second) == second else { return nil }
            return NodeStatus.Rates(read: Int(slot.rates.read), write: Int(slot.rates.write))
        }
    }

    private static func write(_ rates: NodeStatus.Rates, second: Int, into slots: inout [Slot]) {
        guard second >= 0 else { return }
        slots[second % capacity] = Slot(
            second: Int32(clamping: second),
            rates: PackedRates(read: UInt32(clamping: rates.read), write: UInt32(clamping: rates.write))
        )
    }

    /// One entry per row of the table; nil where no node that counts answered.
    private static func samples(_ status: ClusterStatus) -> [(RowID, NodeStatus.Rates?)] {
        var all: [(RowID, NodeStatus.Rates?)] = []
        var cluster: NodeStatus.Rates?
        for shard in status.shards {
            var total: NodeStatus.Rates?
            for node in shard.nodes {
                let rates = node.state.serves ? node.opsPerSecond : nil
                all.append((.node(node.address), rates))
                if let rates { total = (total ?? .init()) + rates }
            }
            all.append((.shard(shard.name), total))
            if let total { cluster = (cluster ?? .init()) + total }
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
        // Figures come over the network: a sum must not trap.
        Self(
            read: left.read.addingReportingOverflow(right.read).partialValue,
            write: left.write.addingReportingOverflow(right.write).partialValue
        )
    }

    package var total: Int { read.addingReportingOverflow(write).partialValue }
}
