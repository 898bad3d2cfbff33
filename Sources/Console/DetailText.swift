import Server

/// Everything there is to say about a row, as labels and values.
enum DetailText {
    struct Field: Hashable, Sendable {
        var label: String
        var value: String
        /// Takes as many lines of its own as it needs, below the others.
        var isWide = false
    }

    /// From this width on, fields stand in two columns.
    static let twoColumnWidth = 76

    /// Columns a label takes.
    static let labelWidth = 15

    /// The fields as they stand on a screen of that width: one or two on a line, wide ones broken at spaces.
    static func lines(_ fields: [Field], width: Int) -> [[Field]] {
        let narrow = fields.filter { !$0.isWide }
        let count = width >= twoColumnWidth ? (narrow.count + 1) / 2 : narrow.count
        var lines = (0..<count).map { line in
            line + count < narrow.count ? [narrow[line], narrow[line + count]] : [narrow[line]]
        }
        for field in fields where field.isWide {
            let pieces = ConsoleRenderer.wrapped(field.value, width: max(1, width - 4 - labelWidth))
            for (index, piece) in pieces.enumerated() {
                lines.append([Field(label: index == 0 ? field.label : "", value: piece, isWide: true)])
            }
        }
        return lines
    }

    static func fields(_ row: TableRow, in state: ConsoleState) -> [Field] {
        switch row {
        case .cluster(let status): cluster(status, state)
        case .shard(let shard): self.shard(shard)
        case .node(let node, _): self.node(node, state)
        }
    }

    private static func cluster(_ status: ClusterStatus, _ state: ConsoleState) -> [Field] {
        let nodes = status.shards.flatMap(\.nodes)
        let inside = state.snapshot?.embedded.count ?? 0
        return [
            Field(label: "cluster", value: status.cluster),
            Field(label: "environment", value: state.snapshot?.environment.rawValue ?? ""),
            Field(label: "coordinator", value: status.coordinator),
            Field(label: "placement", value: status.placement),
            Field(label: "map version", value: NumberFormat.full(status.mapVersion)),
            Field(label: "shards", value: NumberFormat.full(status.shards.count)),
            Field(label: "nodes running", value: "\(nodes.count { $0.state == .running }) of \(nodes.count)"),
            Field(label: "inside console", value: NumberFormat.counted(inside, "node")),
            Field(label: "keys", value: NumberFormat.full(status.keys)),
            Field(label: "size", value: NumberFormat.bytes(status.bytes)),
            Field(label: "reads", value: "\(NumberFormat.full(status.opsPerSecond.read)) per second"),
            Field(label: "writes", value: "\(NumberFormat.full(status.opsPerSecond.write)) per second"),
        ]
    }

    private static func shard(_ shard: ClusterStatus.Shard) -> [Field] {
        let rates = shard.nodes.reduce(NodeStatus.Rates()) { $0 + $1.opsPerSecond }
        var fields = [
            Field(label: "shard", value: shard.name),
            Field(label: "index", value: "\(shard.index)"),
            Field(label: "slots", value: NumberFormat.full(shard.slots)),
            Field(label: "leader", value: shard.leader.isEmpty ? "none" : shard.leader),
            Field(label: "keys", value: NumberFormat.full(shard.keys)),
            Field(label: "size", value: NumberFormat.bytes(shard.bytes)),
            Field(label: "reads", value: "\(NumberFormat.full(rates.read)) per second"),
            Field(label: "writes", value: "\(NumberFormat.full(rates.write)) per second"),
        ]
        for node in shard.nodes {
            let sync = node.inSync ? ", in sync" : ""
            fields.append(Field(label: node.role.rawValue, value: "\(node.address) \(node.state.rawValue)\(sync)"))
        }
        return fields + leadership(of: shard, seenBy: shard.leadership, shard.nodes)
    }

    private static func node(_ node: NodeStatus, _ state: ConsoleState) -> [Field] {
        let latency = node.latencyMicroseconds
        let isInside = state.snapshot?.embedded.contains(node.address) == true
        var fields = [
            Field(label: "node", value: node.address),
            Field(label: "shard", value: node.shard),
            Field(label: "role", value: node.role.rawValue),
            Field(label: "state", value: node.state.rawValue),
            Field(label: "engine", value: node.engine),
            Field(label: "durability", value: node.durability),
            Field(label: "commit on", value: node.commit),
            Field(label: "position", value: node.position),
            Field(label: "in sync", value: node.inSync ? "yes" : "no"),
            Field(label: "keys", value: NumberFormat.full(node.keys)),
            Field(label: "size", value: NumberFormat.bytes(node.bytes)),
            Field(
                label: "lag",
                value: "\(NumberFormat.full(node.lag.milliseconds)) ms, "
                    + "\(NumberFormat.full(node.lag.entries)) entries, \(NumberFormat.bytes(node.lag.bytes))"
            ),
            Field(label: "reads", value: "\(NumberFormat.full(node.opsPerSecond.read)) per second"),
            Field(label: "writes", value: "\(NumberFormat.full(node.opsPerSecond.write)) per second"),
            Field(label: "read latency", value: percentiles(latency.read)),
            Field(label: "write latency", value: percentiles(latency.write)),
            Field(label: "uptime", value: NumberFormat.duration(seconds: node.uptimeSeconds)),
            Field(label: "version", value: node.version),
            Field(label: "runs", value: isInside ? "inside this console" : "on its own"),
        ]
        if !node.message.isEmpty { fields.append(Field(label: "message", value: node.message)) }
        guard let shard = state.snapshot?.status.shards.first(where: { $0.name == node.shard }) else { return fields }
        // A leader tells about all of its replicas, a replica about itself.
        let about = node.address == shard.runningLeader?.address ? shard.nodes : [node]
        return fields + leadership(of: shard, seenBy: node.leadership, about)
    }

    private static func leadership(
        of shard: ClusterStatus.Shard,
        seenBy view: NodeStatus.Leadership?,
        _ nodes: [NodeStatus]
    ) -> [Field] {
        guard let view else { return [] }
        let tenths = view.leaseMilliseconds / 100
        let inSync = view.members.filter(\.inSync).map(\.address)
        var fields = [
            Field(label: "term", value: "\(view.term)"),
            Field(label: "lease", value: tenths == 0 ? "none" : "\(tenths / 10).\(tenths % 10) s left"),
            Field(label: "in-sync set", value: inSync.isEmpty ? "empty" : inSync.joined(separator: ", "), isWide: true),
        ]
        for node in nodes where node.address != (shard.runningLeader?.address ?? view.leader) {
            let reason = shard.impediment(of: node).map { "could not become leader: \($0)" } ?? "could become leader"
            fields.append(Field(label: "replica", value: "\(node.address) \(reason)", isWide: true))
        }
        return fields
    }

    private static func percentiles(_ latency: NodeStatus.Percentiles) -> String {
        "p50 \(NumberFormat.milliseconds(micros: latency.p50)), "
            + "p99 \(NumberFormat.milliseconds(micros: latency.p99)) ms"
    }
}

extension ConsoleState {
    /// How many lines the table's place has to show.
    var tableLines: Int {
        guard let detail, let row = row(detail) else { return rows.count }
        return DetailText.lines(DetailText.fields(row, in: self), width: width).count
    }
}
