import Model

/// What nodes told last, by shard: after the end, or while one changes its leader, nobody tells any more.
package struct ReshardTally: Sendable {
    private var told: [String: ReshardProgress] = [:]

    package init() {}

    /// The newest of each shard, those of now taken in.
    package mutating func take(_ nodes: [ReshardProgress]) -> [ReshardProgress] {
        for (shard, old) in told where !nodes.contains(where: { $0.shard == shard }) {
            // It does nothing that is known of; how long its hand-overs took stays true.
            told[shard]?.target = ReshardProgress.Target()
            told[shard]?.source = .init(pauses: old.source.pauses)
        }
        for node in nodes { told[node.shard] = node }
        return told.values.sorted { $0.shard < $1.shard }
    }
}
