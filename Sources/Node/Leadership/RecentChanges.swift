import Model
import Replication
import Server

/// What leadership said last of this node's shard, for the status document.
struct RecentChanges: Sendable {
    /// A failover with its hand-over and two replicas let in again is about ten; the document stays below 4 KiB.
    static let limit = 20

    /// Oldest first.
    private(set) var all: [NodeStatus.Change] = []
    private var count = 0

    mutating func add(_ gravity: LeadershipMachine.Gravity, _ text: String, at unixSeconds: Int) {
        count += 1
        if all.count == Self.limit { all.removeFirst() }
        all.append(NodeStatus.Change(number: count, time: unixSeconds, gravity, text))
    }
}
