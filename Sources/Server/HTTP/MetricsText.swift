import Model
import Storage

/// A node's status and counts in Prometheus' text format, for `GET /metrics`.
package struct MetricsText {
    private var text = ""
    private let labels: String
    /// Without the role: a counter must go on where it was when that changes.
    private let counterLabels: String

    /// The whole exposition of one node.
    package static func render(
        _ status: NodeStatus,
        _ totals: NodeMetrics.Totals,
        _ storage: [StorageMetric] = []
    ) -> String {
        var metrics = MetricsText(status)
        metrics.addState(status)
        metrics.addData(status)
        metrics.addTraffic(status)
        metrics.addCounters(totals)
        for metric in storage { metrics.gauge("shoal_\(metric.name)", metric.help, metric.value) }
        return metrics.text
    }

    private init(_ status: NodeStatus) {
        let pairs = [
            ("cluster", status.cluster), ("shard", status.shard), ("node", status.address),
        ]
        counterLabels = pairs.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        labels = counterLabels + ",role=\"\(status.role.rawValue)\""
        text.reserveCapacity(6000)
    }

    private mutating func addState(_ status: NodeStatus) {
        family("shoal_build_info", "Version, engine and durability of the node; always 1.")
        sample(
            "shoal_build_info",
            1,
            [("version", status.version), ("engine", status.engine), ("durability", status.durability)]
        )
        family("shoal_node_state", "1 for the state the node is in, 0 for the others.")
        let states: [NodeStatus.State] = [.starting, .running, .syncing, .stopped, .failed]
        for state in states {
            sample("shoal_node_state", state == status.state ? 1 : 0, [("state", state.rawValue)])
        }
        let health = status.health ?? Health([])
        gauge("shoal_health", "How well the node is: 0 ok, 1 degraded, 2 down.", health.state.rank)
        if !health.reasons.isEmpty { family("shoal_health_reason", "What is wrong: 1 degrades, 2 is down.") }
        for code in Health.Code.allCases {
            let severity = health.reasons.filter { $0.code == code }.map(\.severity).max()
            if let severity { sample("shoal_health_reason", severity.rank, [("code", code.rawValue)]) }
        }
        gauge("shoal_in_sync", "1 if the node is a member of its shard's in-sync set.", status.inSync ? 1 : 0)
        gauge("shoal_uptime_seconds", "Seconds since the node was started.", status.uptimeSeconds)
    }

    private mutating func addData(_ status: NodeStatus) {
        gauge("shoal_keys", "Keys that the node stores.", status.keys)
        gauge("shoal_data_bytes", "Bytes of the keys and values that the node stores.", status.bytes)
        if let position = Position(status.position) {
            gauge("shoal_commit_term", "Term of the newest committed record.", position.term)
            gauge("shoal_commit_sequence", "Sequence of the newest committed record.", position.sequence)
        }
        family("shoal_replication_lag_seconds", "Age of the newest state of the leader that is applied here.")
        sample("shoal_replication_lag_seconds", Double(status.lag.milliseconds) / 1e3)
        gauge("shoal_replication_lag_entries", "Records behind the leader's last known end.", status.lag.entries)
        gauge("shoal_replication_lag_bytes", "Bytes behind the leader's last known end.", status.lag.bytes)
    }

    private mutating func addTraffic(_ status: NodeStatus) {
        let rates = status.opsPerSecond
        family(
            "shoal_operations_per_second",
            "Reads and writes answered per second, over the last \(NodeMetrics.windowSeconds) seconds."
        )
        sample("shoal_operations_per_second", rates.read, [("operation", "read")])
        sample("shoal_operations_per_second", rates.write, [("operation", "write")])
        family(
            "shoal_latency_seconds",
            "Time from the arrival of a command to its reply, by quantile, over the last "
                + "\(NodeMetrics.windowSeconds) seconds with traffic."
        )
        let latency = status.latencyMicroseconds
        for (operation, percentiles) in [("read", latency.read), ("write", latency.write)] {
            for (quantile, microseconds) in [("0.5", percentiles.p50), ("0.99", percentiles.p99)] {
                sample(
                    "shoal_latency_seconds",
                    Double(microseconds) / 1e6,
                    [("operation", operation), ("quantile", quantile)]
                )
            }
        }
    }

    private mutating func addCounters(_ totals: NodeMetrics.Totals) {
        gauge("shoal_connections", "Clients that are connected.", totals.connections)
        counter("shoal_connections_total", "Connections accepted.", totals.connectionsReceived)
        counter(
            "shoal_connections_refused_total",
            "Connections refused since all places of clients were taken.",
            totals.connectionsRefused
        )
        counter("shoal_commands_total", "Redis commands and HTTP requests executed.", totals.commands)
        counter("shoal_error_replies_total", "Replies that told of an error.", totals.errors)
        counter("shoal_keyspace_hits_total", "Keys that reads found.", totals.hits)
        counter("shoal_keyspace_misses_total", "Keys that reads did not find.", totals.misses)
        counter("shoal_received_bytes_total", "Bytes received from clients.", totals.bytesReceived)
        counter("shoal_sent_bytes_total", "Bytes sent to clients.", totals.bytesSent)
    }

    /// A count since the node's start; the name ends in `_total`, as Prometheus asks.
    private mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) counter\n\(name){\(counterLabels)} \(value)\n"
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: some Numeric) {
        family(name, help)
        sample(name, value)
    }

    private mutating func family(_ name: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
    }

    private mutating func sample(_ name: String, _ value: some Numeric, _ more: [(String, String)] = []) {
        text += "\(name){\(labels)"
        for (label, content) in more { text += ",\(label)=\"\(Self.escaped(content))\"" }
        text += "} \(value)\n"
    }

    /// A label's value: backslash, double quote and line feed are escaped, all else stays.
    static func escaped(_ value: String) -> String {
        var escaped = ""
        // By scalar: as characters, CR LF would be one and slip through.
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
