import Model

/// Turns what the nodes tell of their leads into events, each change once, and notices shards that nobody leads.
package struct ChangeFeed: Sendable {
    /// Of what had happened before the console looked, so many of the newest changes are told.
    static let pastLimit = 100

    /// A shard between two leaders of a switchover is not without one.
    static let leaderlessMilliseconds = 800

    /// A shard that had a leader and has none.
    private struct Leaderless {
        /// The snapshot's milliseconds, and the time of day for the event.
        var since: Int
        var unixSeconds: Int
        var isTold = false
    }

    private var told: [String: [NodeStatus.Change]] = [:]
    private var leaderless: [String: Leaderless] = [:]
    private var wasLed: Set<String> = []
    private var isFirst = true

    package init() {}

    /// What is new in a snapshot, oldest first.
    package mutating func events(of snapshot: ClusterSnapshot, now: ConsoleClock) -> [ClusterEvent] {
        var events: [ClusterEvent] = []
        for node in snapshot.status.shards.flatMap(\.nodes) { events += changes(of: node) }
        events.sort { $0.unixSeconds < $1.unixSeconds }
        if isFirst, events.count > Self.pastLimit { events.removeFirst(events.count - Self.pastLimit) }
        isFirst = false
        for shard in snapshot.status.shards { events += lead(of: shard, snapshot.milliseconds, now) }
        return events
    }

    /// A node that can't be asked tells nothing: what was told of it stays told.
    private mutating func changes(of node: NodeStatus) -> [ClusterEvent] {
        guard let changes = node.changes else { return [] }
        let known = told.updateValue(changes, forKey: node.address) ?? []
        return changes.filter { !known.contains($0) }.map { change in
            ClusterEvent(
                unixSeconds: change.time,
                severity: ClusterEvent.Severity(change.gravity),
                text: "\(node.address) \(change.text)"
            )
        }
    }

    private mutating func lead(of shard: ClusterStatus.Shard, _ at: Int, _ now: ConsoleClock) -> [ClusterEvent] {
        guard let leader = shard.runningLeader else { return withoutLeader(shard.name, at, now) }
        wasLed.insert(shard.name)
        guard let gap = leaderless.removeValue(forKey: shard.name), gap.isTold else { return [] }
        let seconds = NumberFormat.duration(seconds: max(0, at - gap.since + 500) / 1_000)
        let term = leader.leadership.map { " in term \($0.term)" } ?? ""
        let text = "\(shard.name) is led by \(leader.address)\(term), after \(seconds) without a leader"
        return [ClusterEvent(unixSeconds: now.unixSeconds, severity: .success, text: text)]
    }

    private mutating func withoutLeader(_ shard: String, _ at: Int, _ now: ConsoleClock) -> [ClusterEvent] {
        if wasLed.remove(shard) != nil { leaderless[shard] = Leaderless(since: at, unixSeconds: now.unixSeconds) }
        guard let gap = leaderless[shard], !gap.isTold, at - gap.since >= Self.leaderlessMilliseconds else { return [] }
        leaderless[shard]?.isTold = true
        let text = "\(shard) has no leader: it takes no writes until there is one"
        return [ClusterEvent(unixSeconds: gap.unixSeconds, severity: .error, text: text)]
    }
}

extension ClusterEvent.Severity {
    fileprivate init(_ gravity: NodeStatus.Change.Gravity) {
        switch gravity {
        case .info: self = .info
        case .gain: self = .success
        case .loss: self = .warning
        }
    }
}
