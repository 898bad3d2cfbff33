import Model
import Server

/// What is done to nodes from the table: starts, stops, switchovers and rolling restarts.
package struct NodesState: Sendable {
    /// Rows that a title names.
    private static let namedMax = 2

    package internal(set) var operations = NodeOperations()
    package private(set) var rolling: RollingRestart?
    /// Its nodes as they were asked for, which is another order than the one of their turns.
    private var restartAsked: [String] = []

    /// Starts without asking: it takes nothing away.
    mutating func start(_ targets: [TableRow], now: Int) -> [ViewEffect] {
        guard !targets.isEmpty else { return [] }
        let nodes = targets.flatMap(\.nodes).filter { !$0.state.serves && $0.state != .starting }
        guard !nodes.isEmpty else {
            return [.say("\(Self.names(targets)) already \(targets.count == 1 ? "runs" : "run")")]
        }
        let addresses = Self.unique(nodes)
        operations.begin(.start, addresses, now: now)
        return [.say("starting \(Self.counted(addresses))"), .act(.start(addresses))]
    }

    /// Asks before nodes are stopped.
    func stop(_ targets: [TableRow], _ shards: [ClusterStatus.Shard]) -> [ViewEffect] {
        guard let first = targets.first else { return [] }
        let nodes = targets.flatMap(\.nodes).filter { $0.state.serves || $0.state == .starting }
        guard !nodes.isEmpty else {
            return [.say("\(Self.names(targets)) \(targets.count == 1 ? "is" : "are") not running")]
        }
        let addresses = Self.unique(nodes)
        let count = NumberFormat.counted(addresses.count, "node")
        let title: String
        switch first {
        case .node where targets.count == 1: title = first.id.name
        case .cluster(let status): title = "cluster \(status.cluster) (\(count))"
        default: title = targets.count > Self.namedMax ? count : "\(Self.names(targets)) (\(count))"
        }
        return [.confirm(.stop(title, addresses: addresses, shards: shards))]
    }

    /// The user agreed to an action; what is to be said and noted of it.
    mutating func agree(to action: ConsoleAction, _ shards: [ClusterStatus.Shard], now: Int) -> [ViewEffect] {
        switch action {
        case .stop(let addresses):
            operations.begin(.stop, addresses, now: now)
            return [.say("stopping \(Self.counted(addresses))")]
        case .switchOver(let shard, let target): return [.say("changing the leader of \(shard) to \(target)")]
        case .restart(let addresses):
            let nodes = shards.flatMap(\.nodes).filter { addresses.contains($0.address) }
            rolling = RollingRestart(nodes, now: now)
            restartAsked = addresses
            return []
        default: return []
        }
    }

    private static func counted(_ addresses: [String]) -> String {
        addresses.count == 1 ? addresses[0] : NumberFormat.counted(addresses.count, "node")
    }

    private static func names(_ rows: [TableRow]) -> String { rows.map(\.id.name).joined(separator: ", ") }

    private static func unique(_ nodes: [NodeStatus]) -> [String] {
        var seen: Set<String> = []
        return nodes.map(\.address).filter { seen.insert($0).inserted }
    }
}

// MARK: Rolling restarts

extension NodesState {
    /// Why no other one can begin now.
    var busy: ViewEffect? {
        guard let rolling, rolling.outcome == .underWay else { return nil }
        return .say("a rolling restart is under way: \(rolling.progress); :restart cancel ends it", .warning)
    }

    /// `r`, or `:restart`: asks before nodes are stopped and started one after the other.
    func restart(_ targets: [TableRow], _ shards: [ClusterStatus.Shard]) -> [ViewEffect] {
        guard !targets.isEmpty else { return [] }
        var seen: Set<String> = []
        let nodes = targets.flatMap(\.nodes).filter { $0.state.serves && seen.insert($0.address).inserted }
        guard !nodes.isEmpty else { return [.say("none of these nodes runs", .warning)] }
        return [.confirm(.restart(nodes.map(\.address), alone: Self.alone(nodes, shards)))]
    }

    /// Shards whose leader nobody can take over from: they wait meanwhile.
    private static func alone(_ nodes: [NodeStatus], _ shards: [ClusterStatus.Shard]) -> [String] {
        shards.compactMap { shard in
            guard let leader = shard.runningLeader, nodes.contains(where: { $0.address == leader.address }),
                shard.furthestInSync(besides: leader) == nil
            else { return nil }
            return shard.name
        }
    }

    /// `:restart cancel`
    mutating func cancelRestart() -> [ViewEffect] {
        guard rolling?.outcome == .underWay else { return [.say("no rolling restart is under way", .warning)] }
        rolling?.isCancelled = true
        return [.say("the rolling restart ends after \(rolling?.current ?? "this node")")]
    }

    /// What the rolling restart does next; notes its end.
    mutating func stepRestart(_ snapshot: ClusterSnapshot?, now: Int) -> [ViewEffect] {
        guard var running = rolling, running.outcome == .underWay, let snapshot else { return [] }
        let actions = running.step(snapshot, now: now)
        rolling = running
        for case .stop(let addresses) in actions { operations.begin(.stop, addresses, now: now) }
        for case .start(let addresses) in actions { operations.begin(.start, addresses, now: now) }
        let effects = actions.map(ViewEffect.act)
        let action = ConsoleAction.restart(restartAsked)
        switch running.outcome {
        case .underWay: return effects
        case .done:
            let text = "rolling restart done: \(NumberFormat.counted(running.order.count, "node"))"
            return effects + [.finish(action, "done", isGood: true), .tell(.success, text), .say(text, .success)]
        case .failed(let reason):
            let text = "rolling restart ended: \(reason)"
            return effects + [.finish(action, reason, isGood: false), .tell(.error, text), .say(text, .error)]
        }
    }
}
