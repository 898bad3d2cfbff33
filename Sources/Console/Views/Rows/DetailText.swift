import Model

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
            let pieces = Canvas.wrapped(field.value, width: max(1, width - 4 - labelWidth))
            for (index, piece) in pieces.enumerated() {
                lines.append([Field(label: index == 0 ? field.label : "", value: piece, isWide: true)])
            }
        }
        return lines
    }

    static func fields(_ row: TableRow, in context: ViewContext, _ details: NodeDetails?) -> [Field] {
        switch row {
        case .cluster(let status): cluster(status, context)
        case .shard(let shard): self.shard(shard)
        case .node(let node, _): node.state == .unreachable ? unreachable(node) : self.node(node, context, details)
        }
    }

    /// Nothing is known but what the config says and why it can't be asked: zeros would look like an answer.
    private static func unreachable(_ node: NodeStatus) -> [Field] {
        [
            Field(label: "role", value: node.role.rawValue),
            Field(label: "state", value: node.state.rawValue),
            Field(label: "why", value: node.message, isWide: true),
        ]
    }

    private static func cluster(_ status: ClusterStatus, _ context: ViewContext) -> [Field] {
        let nodes = status.shards.flatMap(\.nodes)
        let inside = context.snapshot?.embedded.count ?? 0
        return [
            Field(label: "cluster", value: status.cluster),
            Field(label: "environment", value: context.snapshot?.environment.rawValue ?? ""),
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

    /// What of a node's storage says something of its shard; the node's view has the rest.
    private static let shardStorage = ["log", "engine's files"]

    static func shard(_ shard: ClusterStatus.Shard, _ details: NodeDetails? = nil) -> [Field] {
        let rates = shard.nodes.reduce(NodeStatus.Rates()) { $0 + $1.opsPerSecond }
        var fields = [
            Field(label: "index", value: "\(shard.index)"),
            Field(label: "slots", value: NumberFormat.full(shard.slots)),
            Field(label: "keys", value: NumberFormat.full(shard.keys)),
            Field(label: "size", value: NumberFormat.bytes(shard.bytes)),
            Field(label: "reads", value: "\(NumberFormat.full(rates.read)) per second"),
            Field(label: "writes", value: "\(NumberFormat.full(rates.write)) per second"),
        ]
        // The leader's log is the shard's.
        if let details, details.address == shard.runningLeader?.address {
            fields += storage(details.counts.storage).filter { shardStorage.contains($0.label) }
        }
        guard let view = shard.leadership else { return fields }
        fields.append(Field(label: "term", value: "\(view.term)"))
        let count = view.members.count(where: \.inSync)
        fields.append(
            Field(label: "in-sync set", value: "\(count) of \(NumberFormat.counted(shard.nodes.count, "node"))")
        )
        return fields + shard.nodes.map { member($0, of: shard) } + strangers(view, shard)
    }

    /// A node as a member of its shard: what it is to the shard, how far it is, and whether it could lead.
    private static func member(_ node: NodeStatus, of shard: ClusterStatus.Shard) -> Field {
        if node.address == shard.runningLeader?.address {
            let left = node.leadership.map { ", \(lease($0))" } ?? ""
            return Field(label: "leader", value: "\(node.address) \(node.state.rawValue)\(left)", isWide: true)
        }
        let isMember = shard.leadership?.members.contains { $0.address == node.address && $0.inSync } ?? node.inSync
        let state = "\(node.state.rawValue), \(NumberFormat.full(node.lag.milliseconds)) ms behind; "
        let reason = shard.blocker(of: node).map { "could not lead: \($0)" } ?? "could lead"
        return Field(
            label: isMember ? "in sync" : "not in sync",
            // Where it does not serve, its state is the reason.
            value: "\(node.address) \(node.state.serves ? state : "")\(reason)",
            isWide: true
        )
    }

    /// Members of the in-sync set that writes wait for although the config does not name them.
    private static func strangers(_ view: NodeStatus.Leadership, _ shard: ClusterStatus.Shard) -> [Field] {
        view.members.filter { member in
            member.inSync && !shard.nodes.contains { $0.address == member.address }
        }.map { Field(label: "in sync", value: "\($0.address), which config.yaml does not name", isWide: true) }
    }

    private static func lease(_ view: NodeStatus.Leadership) -> String {
        view.leaseMilliseconds < 100 ? "no lease" : "lease \(left(view))"
    }

    private static func left(_ view: NodeStatus.Leadership) -> String {
        let tenths = view.leaseMilliseconds / 100
        return tenths == 0 ? "none" : "\(tenths / 10).\(tenths % 10) s left"
    }

    private static func node(_ node: NodeStatus, _ context: ViewContext, _ details: NodeDetails?) -> [Field] {
        let latency = node.latencyMicroseconds
        let isInside = context.snapshot?.embedded.contains(node.address) == true
        var fields = [
            Field(label: "role", value: node.role.rawValue),
            Field(label: "state", value: node.state.rawValue),
            Field(label: "in sync", value: node.inSync ? "yes" : "no"),
            Field(label: "keys", value: NumberFormat.full(node.keys)),
            Field(label: "size", value: NumberFormat.bytes(node.bytes)),
            Field(label: "reads", value: "\(NumberFormat.full(node.opsPerSecond.read)) per second"),
            Field(label: "writes", value: "\(NumberFormat.full(node.opsPerSecond.write)) per second"),
            Field(label: "engine", value: node.engine),
            Field(label: "durability", value: "\(node.durability), in the \(node.commit)"),
            Field(label: "position", value: node.position),
            Field(label: "read latency", value: percentiles(latency.read)),
            Field(label: "write latency", value: percentiles(latency.write)),
            Field(label: "uptime", value: NumberFormat.duration(seconds: node.uptimeSeconds)),
            Field(label: "runs", value: isInside ? "inside this console" : "on its own"),
            Field(label: "version", value: node.version),
        ]
        if let view = node.leadership {
            let isLeader = node.address == view.leader
            fields.insert(Field(label: "term", value: "\(view.term)"), at: 3)
            // A replica's session is what would become its lease.
            fields.insert(Field(label: isLeader ? "lease" : "session", value: left(view)), at: 4)
        }
        fields += Self.fields(details, of: node)
        fields += slow(details, of: node, now: context.clock.unixSeconds)
        if !node.message.isEmpty { fields.append(Field(label: "message", value: node.message, isWide: true)) }
        if node.role == .replica, node.state.serves {
            let lag = "\(NumberFormat.full(node.lag.milliseconds)) ms, \(NumberFormat.full(node.lag.entries)) entries, "
            fields.append(Field(label: "lag", value: lag + NumberFormat.bytes(node.lag.bytes), isWide: true))
        }
        guard let shard = context.snapshot?.status.shards.first(where: { $0.name == node.shard }) else { return fields }
        if node.address == shard.runningLeader?.address {
            // A leader tells about all of its replicas, a replica about itself.
            fields += shard.nodes.filter { $0.address != node.address }.map { member($0, of: shard) }
        } else {
            let reason = shard.blocker(of: node).map { "no: \($0)" } ?? "yes"
            fields.append(Field(label: "could lead", value: reason, isWide: true))
        }
        return fields
    }

    private static func percentiles(_ latency: NodeStatus.Percentiles) -> String {
        guard latency.p99 > 0 else { return "none lately" }
        return "p50 \(NumberFormat.milliseconds(micros: latency.p50)), "
            + "p99 \(NumberFormat.milliseconds(micros: latency.p99)) ms"
    }
}
