import Model

/// The nodes of a shard that have a session at the coordinator, as one node sees them there.
package struct ShardNodes: Hashable, Sendable {
    /// nil while the one that the shard's record names is not there.
    package var leader: NodeAddress?
    /// Replicas in the in-sync set that could lead: what is acknowledged is on their disks, and a moment later visible.
    package var fresh: [NodeAddress]
    /// The other replicas: they take a copy, catch up, or are about to stop.
    package var lagging: [NodeAddress]

    package init(leader: NodeAddress?, fresh: [NodeAddress], lagging: [NodeAddress]) {
        self.leader = leader
        self.fresh = fresh
        self.lagging = lagging
    }

    package var all: [NodeAddress] { (leader.map { [$0] } ?? []) + fresh + lagging }
}
