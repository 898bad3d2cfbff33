import Model

extension ConfirmDialog {
    /// The question before nodes are stopped.
    /// - Parameters:
    ///   - title: what is stopped, in words.
    ///   - addresses: those of it that run.
    ///   - shards: as they are now.
    static func stop(_ title: String, addresses: [String], shards: [ClusterStatus.Shard]) -> ConfirmDialog {
        let nodes = shards.flatMap(\.nodes).filter { addresses.contains($0.address) }
        var lines: [String] = []
        if nodes.count > 1 {
            let areOfSeveral = Set(nodes.map(\.shard)).count > 1
            lines = nodes.prefix(listed).map {
                "\($0.address)  \($0.role.rawValue)\(areOfSeveral ? " of \($0.shard)" : "")"
            }
            if nodes.count > listed { lines.append("and \(nodes.count - listed) more") }
        } else if let node = nodes.first {
            lines = ["\(node.role == .leader ? "Leader" : "Replica") of \(node.shard)."]
        }
        lines += effects(of: addresses, on: shards)
        lines.append("Files are closed; the addresses still answer status.")
        lines.append("No keys are lost.")
        return ConfirmDialog(title: "Stop \(title)", lines: lines, verb: "Stop", action: .stop(addresses))
    }

    /// What clients will see of it, a sentence for each kind of effect.
    private static func effects(of addresses: [String], on shards: [ClusterStatus.Shard]) -> [String] {
        let it = addresses.count == 1 ? "it starts" : "they start"
        var (silent, refusing, taken, whole): ([String], [String], [String], [String]) = ([], [], [], [])
        for shard in shards where shard.nodes.contains(where: { addresses.contains($0.address) }) {
            let left = shard.nodes.filter { $0.state.serves && !addresses.contains($0.address) }
            let stopsLeader = shard.runningLeader.map { addresses.contains($0.address) } ?? true
            if left.isEmpty {
                silent.append(shard.name)
            } else if !stopsLeader {
                whole.append(shard.name)
            } else if left.contains(where: { shard.blocker(of: $0) == nil }) {
                taken.append(shard.name)
            } else {
                refusing.append(shard.name)
            }
        }
        func names(_ shards: [String]) -> String {
            guard let last = shards.last, shards.count > 1 else { return shards.first ?? "" }
            guard shards.count <= listed else { return "\(shards.count) shards" }
            return "\(shards.dropLast().joined(separator: ", ")) and \(last)"
        }
        var lines: [String] = []
        if silent.count == shards.count, shards.count > 1 {
            lines.append("Until \(it) again, the cluster answers no reads and no writes.")
        } else if !silent.isEmpty {
            lines.append(
                "Until \(it) again, \(names(silent)) \(silent.count == 1 ? "answers" : "answer") no reads and no writes."
            )
        }
        if !refusing.isEmpty { lines.append("Until \(it) again, writes to \(names(refusing)) are refused.") }
        if !taken.isEmpty { lines.append("A replica takes over \(names(taken)) first: no request fails.") }
        if !whole.isEmpty {
            let what = addresses.count == 1 ? "without this replica" : "with fewer copies"
            lines.append("\(names(whole)) \(whole.count == 1 ? "goes" : "go") on \(what).")
        }
        return lines
    }

    /// A dialog must fit on a small screen.
    private static let listed = 6
}
