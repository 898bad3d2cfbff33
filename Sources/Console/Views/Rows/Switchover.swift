import Model
import Server

/// Which change of leaders is meant by the rows that were chosen, or why there is none.
enum Switchover {
    /// Asks before a shard's leader is changed: to the replica of the row, else to the furthest in-sync one.
    static func ask(_ targets: [TableRow], in status: ClusterStatus) -> [ViewEffect] {
        guard let first = targets.first else { return [] }
        if targets.count > 1 { return ask(all: targets, in: status) }
        guard let (shard, chosen) = status.shard(of: first) else {
            return [.say("a switchover is of one shard: select it or one of its nodes", .warning)]
        }
        guard let leader = shard.runningLeader else {
            return [.say("\(shard.name) has no leader now: there is nobody to hand over", .warning)]
        }
        let isReplica = chosen != nil && chosen?.address != leader.address
        guard let target = isReplica ? chosen : shard.furthestInSync(besides: leader) else {
            return [.say("\(shard.name) has no in-sync replica that could become leader", .warning)]
        }
        if let reason = shard.blocker(of: target) {
            return [.say("\(target.address) could not become leader: \(reason)", .warning)]
        }
        return [.confirm(.switchOver(shard: shard.name, from: leader.address, to: target.address))]
    }

    /// One question for several shards; what can't be changed is said, and nothing is done.
    private static func ask(all targets: [TableRow], in status: ClusterStatus) -> [ViewEffect] {
        var changes: [(shard: String, from: String, to: String)] = []
        for target in targets {
            guard let (shard, chosen) = status.shard(of: target), let leader = shard.runningLeader else {
                return [.say("\(target.id.name) has no leader now: there is nobody to hand over", .warning)]
            }
            let isReplica = chosen != nil && chosen?.address != leader.address
            guard let heir = isReplica ? chosen : shard.furthestInSync(besides: leader),
                shard.blocker(of: heir) == nil
            else { return [.say("\(shard.name): nobody of these could become leader", .warning)] }
            guard !changes.contains(where: { $0.shard == shard.name }) else {
                let text = "\(shard.name) has one leader: mark or name the node that should become it"
                return [.say(text, .warning)]
            }
            changes.append((shard.name, leader.address, heir.address))
        }
        return [.confirm(.switchOver(changes))]
    }
}

extension ConfirmDialog {
    /// The question before a shard's leader is changed.
    static func switchOver(shard: String, from leader: String, to target: String) -> ConfirmDialog {
        ConfirmDialog(
            title: "Switchover of \(shard)",
            lines: [
                "Change the leader of \(shard) from \(leader) to \(target).",
                "Writes are held for some milliseconds and redirected.",
                "No writes are lost.",
            ],
            verb: "Switch over",
            action: .switchOver(shard: shard, to: target)
        )
    }

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
