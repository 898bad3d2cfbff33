import Model

/// What a node, a shard or the cluster did in one second.
package struct Sample: Hashable, Sendable {
    package var rates: NodeStatus.Rates
    /// Of a replica its own, of a shard or cluster the largest of its replicas'; nil where no replica told.
    package var lagMilliseconds: Int?
    /// Microseconds; of a shard or cluster the slowest of its nodes', which percentiles can't be added up from.
    package var latency: NodeStatus.Latency

    package init(
        rates: NodeStatus.Rates = .init(),
        lagMilliseconds: Int? = nil,
        latency: NodeStatus.Latency = .init()
    ) {
        self.rates = rates
        self.lagMilliseconds = lagMilliseconds
        self.latency = latency
    }

    /// Nil while the node's counters are not its own and fresh.
    init?(_ node: NodeStatus) {
        guard node.state.serves else { return nil }
        self.init(
            rates: node.opsPerSecond,
            lagMilliseconds: node.role == .replica ? node.lag.milliseconds : nil,
            latency: node.latencyMicroseconds
        )
    }

    /// Two nodes, or shards, taken together.
    func merged(with other: Sample) -> Sample {
        Sample(
            rates: rates + other.rates,
            lagMilliseconds: [lagMilliseconds, other.lagMilliseconds].compactMap(\.self).max(),
            latency: NodeStatus.Latency(
                read: Self.slower(latency.read, other.latency.read),
                write: Self.slower(latency.write, other.latency.write)
            )
        )
    }

    private static func slower(_ one: NodeStatus.Percentiles, _ other: NodeStatus.Percentiles)
        -> NodeStatus.Percentiles
    {
        NodeStatus.Percentiles(p50: max(one.p50, other.p50), p99: max(one.p99, other.p99))
    }
}
