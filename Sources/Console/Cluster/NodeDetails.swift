import Model
import Server

/// What a node tells of itself beyond its status: the counters of `GET /metrics`, and its memory from INFO.
package struct NodeDetails: Hashable, Sendable {
    /// Counts since the node's start, and what is there now. nil: the node does not tell.
    package struct Counts: Hashable, Sendable {
        package var connections: UInt64?
        package var connectionsEver: UInt64?
        package var commands: UInt64?
        package var errors: UInt64?
        package var hits: UInt64?
        package var misses: UInt64?
        package var received: UInt64?
        package var sent: UInt64?
        /// Of its files and memory, by name as in the metrics: `log_bytes`.
        package var storage: [String: UInt64] = [:]
        /// Bytes of the process that are in memory.
        package var resident: UInt64?
        /// Processor time of the whole process, in milliseconds.
        package var processor: UInt64?

        package init() {}
    }

    package var address: String
    /// When they were read, in the snapshots' milliseconds.
    package var milliseconds: Int
    package var counts: Counts
    /// The ones before, for what is counted per second.
    package var previous: Counts?
    /// Milliseconds between the two.
    package var span: Int
    /// The newest commands that took long, newest first.
    package var slow: [SlowLog.Entry] = []
    /// Why there are none now; empty: there are.
    package var failure: String

    package init(
        address: String,
        milliseconds: Int,
        counts: Counts = Counts(),
        previous: Counts? = nil,
        span: Int = 0,
        failure: String = ""
    ) {
        self.address = address
        self.milliseconds = milliseconds
        self.counts = counts
        self.previous = previous
        self.span = span
        self.failure = failure
    }

    /// How much of something there was per second since the details before; nil where that is not known.
    package func perSecond(_ count: KeyPath<Counts, UInt64?>) -> Double? {
        guard span > 0, let now = counts[keyPath: count], let before = previous?[keyPath: count], now >= before
        else { return nil }
        return Double(now - before) * 1_000 / Double(span)
    }
}

extension NodeDetails.Counts {
    /// Reads Prometheus' text. What is not there, or no whole number, stays unknown.
    package init(metrics text: String) {
        var found: [Substring: UInt64] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            guard let value = line.split(separator: " ").last.flatMap({ UInt64($0) }) else { continue }
            found[name] = value
        }
        connections = found["shoal_connections"]
        connectionsEver = found["shoal_connections_total"]
        commands = found["shoal_commands_total"]
        errors = found["shoal_error_replies_total"]
        hits = found["shoal_keyspace_hits_total"]
        misses = found["shoal_keyspace_misses_total"]
        received = found["shoal_received_bytes_total"]
        sent = found["shoal_sent_bytes_total"]
        for (name, value) in found where Self.isOfStorage(name) {
            storage[String(name.dropFirst("shoal_".count))] = value
        }
    }

    private static func isOfStorage(_ name: Substring) -> Bool {
        ["shoal_log_", "shoal_unapplied_", "shoal_hot_table_", "shoal_sync_", "shoal_engine_"].contains {
            name.hasPrefix($0)
        }
    }

    /// Adds what INFO tells: memory and processor time.
    package mutating func add(info text: String) {
        var found: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            found[line[..<colon]] = line[line.index(after: colon)...]
        }
        resident = found["used_memory_rss"].flatMap { UInt64($0) }
        let times = ["used_cpu_sys", "used_cpu_user"].compactMap { found[$0].flatMap { Double($0) } }
        let seconds = times.reduce(0, +)
        // Details of another program could be anything.
        if times.count == 2, seconds.isFinite, (0..<1e12).contains(seconds) {
            processor = UInt64(seconds * 1_000)
        }
    }
}
