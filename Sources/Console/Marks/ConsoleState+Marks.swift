import Server

extension ConsoleState {
    /// Space: marks the selected row, or takes the mark away; the cluster's own row marks all shards or none.
    mutating func markRow() {
        guard view != .node, let row = selectedRow else { return }
        switch row {
        case .cluster(let status):
            marked = marked.isEmpty ? Set(status.shards.map { .shard($0.name) }) : []
        case .shard, .node:
            if marked.remove(row.id) == nil { marked.insert(row.id) }
            move(.down)
        }
    }

    /// The marked rows, in the order of the config; none in a node's own view.
    var markedRows: [TableRow] {
        guard view.isOfRows, view != .node, !marked.isEmpty, let shards = snapshot?.status.shards else { return [] }
        return shards.flatMap { shard -> [TableRow] in
            // A marked shard has its nodes in it already.
            if marked.contains(.shard(shard.name)) { return [.shard(shard)] }
            return shard.nodes.filter { marked.contains(.node($0.address)) }.map { .node($0, isLast: true) }
        }
    }

    /// Marks on what is no longer there are dropped.
    mutating func settleMarks() {
        guard !marked.isEmpty, snapshot != nil else { return }
        marked = marked.filter { row($0) != nil }
    }

    /// `r`, or `:restart`: asks before nodes are stopped and started one after the other.
    mutating func restart(_ argument: String) {
        if argument == "cancel" { return cancelRestart() }
        if let running = rolling, running.outcome == .underWay {
            return say("a rolling restart is under way: \(running.progress); :restart cancel ends it", .warning)
        }
        let targets = self.targets(argument)
        guard !targets.isEmpty else { return }
        var seen: Set<String> = []
        let nodes = targets.flatMap(\.nodes).filter { $0.state.serves && seen.insert($0.address).inserted }
        guard !nodes.isEmpty else { return say("none of these nodes runs", .warning) }
        overlay = .confirm(.restart(nodes.map(\.address), alone: lonelyLeaders(nodes)))
    }

    /// Leaders that nobody can take over from: their shards wait meanwhile.
    private func lonelyLeaders(_ nodes: [NodeStatus]) -> [String] {
        (snapshot?.status.shards ?? []).compactMap { shard in
            guard let leader = shard.runningLeader, nodes.contains(where: { $0.address == leader.address }),
                shard.furthestInSync(besides: leader) == nil
            else { return nil }
            return shard.name
        }
    }

    private mutating func cancelRestart() {
        guard rolling?.outcome == .underWay else { return say("no rolling restart is under way", .warning) }
        rolling?.isCancelled = true
        say("the rolling restart ends after \(rolling?.current ?? "this node")")
    }

    /// Begins what was confirmed.
    mutating func beginRestart(_ addresses: [String]) {
        let nodes = snapshot?.status.shards.flatMap(\.nodes).filter { addresses.contains($0.address) } ?? []
        rolling = RollingRestart(nodes, now: clock.milliseconds)
        restartAsked = addresses
        marked = []
    }

    /// What the rolling restart does next; notes its end.
    mutating func stepRestart() -> [ConsoleAction] {
        guard var running = rolling, running.outcome == .underWay, let snapshot = waiting ?? snapshot else { return [] }
        let actions = running.step(snapshot, now: clock.milliseconds)
        rolling = running
        for case .stop(let addresses) in actions { begin(.stop, addresses) }
        for case .start(let addresses) in actions { begin(.start, addresses) }
        let action = ConsoleAction.restart(restartAsked)
        switch running.outcome {
        case .underWay: break
        case .done:
            finishAudit(of: action, "done", isGood: true)
            note(.success, "rolling restart done: \(NumberFormat.counted(running.order.count, "node"))")
        case .failed(let reason):
            finishAudit(of: action, reason, isGood: false)
            note(.error, "rolling restart ended: \(reason)")
        }
        return actions
    }

    private mutating func note(_ severity: ClusterEvent.Severity, _ text: String) {
        receive([ClusterEvent(unixSeconds: clock.unixSeconds, severity: severity, text: text)])
        say(text, severity)
    }
}

extension ConfirmDialog {
    /// A dialog must fit on a small screen.
    private static let listedMax = 6

    /// The question before a rolling restart; `alone` are shards whose leader nobody can take over from.
    static func restart(_ addresses: [String], alone: [String]) -> ConfirmDialog {
        var lines = Array(addresses.prefix(listedMax))
        if addresses.count > listedMax { lines.append("and \(addresses.count - listedMax) more") }
        lines.append("One after the other, each when the one before is in sync again.")
        if let first = alone.first {
            let others = alone.count > 1 ? " and \(alone.count - 1) more" : ""
            lines.append("\(first)\(others): no replica can take over. Its writes are refused meanwhile.")
        } else {
            lines.append("Leaders hand over first: no request fails.")
        }
        return ConfirmDialog(
            title: "Rolling restart of \(NumberFormat.counted(addresses.count, "node"))",
            lines: lines,
            verb: "Restart",
            action: .restart(addresses)
        )
    }

    /// The question before the leaders of several shards are changed.
    static func switchOver(_ changes: [(shard: String, from: String, to: String)]) -> ConfirmDialog {
        var lines = changes.prefix(listedMax).map { "\($0.shard): from \($0.from) to \($0.to)" }
        if changes.count > listedMax { lines.append("and \(changes.count - listedMax) more") }
        lines.append("Writes are held for some milliseconds and redirected.")
        lines.append("No writes are lost.")
        return ConfirmDialog(
            title: "Switchover of \(NumberFormat.counted(changes.count, "shard"))",
            lines: lines,
            verb: "Switch over",
            action: .several(changes.map { .switchOver(shard: $0.shard, to: $0.to) })
        )
    }
}
