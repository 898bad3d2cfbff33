import Model

/// Stops and starts nodes one after the other, each only when the one before is back in its shard's in-sync set. A leader
/// hands over first where somebody can take over. Decides; what it asks for is done elsewhere, and it sees the outcome
/// in the status alone, so that a node that hangs holds up this and nothing else.
package struct RollingRestart: Hashable, Sendable {
    package enum Phase: Hashable, Sendable { case handingOver, stopping, starting }

    package enum Outcome: Hashable, Sendable {
        case underWay
        case done
        /// Which node did what, or did not.
        case failed(String)
    }

    /// A hand-over is over, or given up, after a second; the status tells a second later.
    static let handOverMilliseconds = 20_000
    /// Files are closed within seconds; a minute is a node that hangs.
    static let stopMilliseconds = 60_000
    /// The log is replayed, and what was missed comes over the network.
    static let startMilliseconds = 600_000

    /// Addresses, in the order of their turns.
    package let order: [String]
    /// Whose turn it is.
    package private(set) var index = 0
    package private(set) var phase = Phase.handingOver
    package private(set) var outcome = Outcome.underWay
    /// The request to end after this node.
    package var isCancelled = false
    private var since: Int
    private var hasAsked = false

    /// Replicas before the leaders of their shards, so that most leaders change once.
    package init(_ nodes: [NodeStatus], now: Int) {
        order = nodes.filter { $0.role == .replica }.map(\.address) + nodes.filter { $0.role == .leader }.map(\.address)
        since = now
    }

    package var current: String? { order.indices.contains(index) ? order[index] : nil }

    /// `127.0.0.2:8080 stops, 2 of 5`.
    package var progress: String {
        let verb =
            switch phase {
            case .handingOver: "hands over"
            case .stopping: "stops"
            case .starting: "starts"
            }
        return "\(current ?? "") \(verb), \(min(index + 1, order.count)) of \(order.count)"
    }

    /// Looks at the newest status and says what is to be done now.
    package mutating func step(_ snapshot: ClusterSnapshot, now: Int) -> [ConsoleAction] {
        guard outcome == .underWay else { return [] }
        guard let address = current else {
            outcome = .done
            return []
        }
        guard let shard = snapshot.status.shards.first(where: { $0.nodes.contains { $0.address == address } }),
            let node = shard.nodes.first(where: { $0.address == address })
        else { return fail("\(address) is no longer part of the cluster") }
        // A status that is older than the last request says nothing about it.
        if hasAsked, snapshot.milliseconds <= since { return [] }
        switch phase {
        case .handingOver: return handOver(node, shard, now)
        case .stopping: return stop(node, now)
        case .starting: return start(node, now)
        }
    }

    private mutating func handOver(_ node: NodeStatus, _ shard: ClusterStatus.Shard, _ now: Int) -> [ConsoleAction] {
        let isLeader = shard.runningLeader?.address == node.address
        if isLeader, !hasAsked, let target = shard.furthestInSync(besides: node) {
            return ask([.switchOver(shard: shard.name, to: target.address)], .handingOver, now)
        }
        if isLeader, hasAsked {
            let isLate = now - since >= Self.handOverMilliseconds
            return isLate ? fail("\(node.address) did not hand over") : []
        }
        // Without anybody to take over, its shard waits for the node itself.
        return ask([.stop([node.address])], .stopping, now)
    }

    private mutating func stop(_ node: NodeStatus, _ now: Int) -> [ConsoleAction] {
        if node.state == .stopped { return ask([.start([node.address])], .starting, now) }
        if node.state == .failed { return fail("\(node.address) failed: \(node.message)") }
        return now - since >= Self.stopMilliseconds ? fail("\(node.address) did not stop") : []
    }

    private mutating func start(_ node: NodeStatus, _ now: Int) -> [ConsoleAction] {
        if node.state == .failed { return fail("\(node.address) failed: \(node.message)") }
        guard node.state == .running, node.inSync else {
            return now - since >= Self.startMilliseconds ? fail("\(node.address) did not come back in sync") : []
        }
        index += 1
        phase = .handingOver
        hasAsked = false
        since = now
        if current == nil { outcome = .done }
        if isCancelled, current != nil { outcome = .failed("ended before \(order[index]), as you asked") }
        return []
    }

    private mutating func ask(_ actions: [ConsoleAction], _ phase: Phase, _ now: Int) -> [ConsoleAction] {
        self.phase = phase
        since = now
        hasAsked = true
        return actions
    }

    private mutating func fail(_ reason: String) -> [ConsoleAction] {
        outcome = .failed(reason)
        return []
    }
}
