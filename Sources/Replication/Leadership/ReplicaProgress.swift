/// Up to where each replica that follows the leader's log has it on its disk, in the in-sync set or not.
package struct ReplicaProgress: Hashable, Sendable {
    /// One per replica, the furthest first.
    private let sequences: [UInt64]

    package init(_ sequences: [UInt64]) { self.sequences = sequences.sorted(by: >) }

    /// How many replicas have that record.
    package func count(having sequence: UInt64) -> Int { sequences.prefix { $0 >= sequence }.count }

    /// Whether so many have it. One comparison: it is asked for every connection that waits, at every acknowledgement.
    package func has(_ replicas: Int, _ sequence: UInt64) -> Bool {
        replicas <= 0 || replicas <= sequences.count && sequences[replicas - 1] >= sequence
    }
}

extension LeadershipMachine {
    /// As the acknowledgements on the replicas' newest streams of this term tell; nil when this member doesn't lead. One
    /// that doesn't follow the log (yet), taking a snapshot say, is not in it.
    package var replicaProgress: ReplicaProgress? {
        leading.map { leading in
            ReplicaProgress(leading.newest.values.compactMap { leading.followers[$0]?.acknowledged })
        }
    }
}
