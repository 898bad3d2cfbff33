import Server

/// What a node tells of itself beyond its status: the counters of `GET /metrics`, and its memory from INFO.
package struct NodeFigures: Hashable, Sendable {
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
        /// Bytes that the process has allocated, and those of it that are in memory.
        package var allocated: UInt64?
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

    /// How much of something there was per second since the figures before; nil where that is not known.
    package func perSecond(_ count: KeyPath<Counts, UInt64?>) -> Double? {
        guard span > 0, let now = counts[keyPath: count], let before = previous?[keyPath: count], now >= before
        else { return nil }
        return Double(now - before) * 1_000 / Double(span)
    }
}

extension NodeFigures.Counts {
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
    }

    /// Adds what INFO tells: memory and processor time.
    package mutating func add(info text: String) {
        var found: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            found[line[..<colon]] = line[line.index(after: colon)...]
        }
        allocated = found["used_memory"].flatMap { UInt64($0) }
        resident = found["used_memory_rss"].flatMap { UInt64($0) }
        let times = ["used_cpu_sys", "used_cpu_user"].compactMap { found[$0].flatMap { Double($0) } }
        let seconds = times.reduce(0, +)
        // Figures of another program could be anything.
        if times.count == 2, seconds.isFinite, (0..<1e12).contains(seconds) {
            processor = UInt64(seconds * 1_000)
        }
    }
}

extension DetailText {
    /// What the figures say, as fields of the node's view.
    static func fields(_ figures: NodeFigures?, of node: NodeStatus) -> [Field] {
        guard let figures, figures.address == node.address else { return [] }
        if !figures.failure.isEmpty {
            return [Field(label: "figures", value: figures.failure, isWide: true)]
        }
        let counts = figures.counts
        func full(_ count: UInt64?) -> String { count.map { NumberFormat.full(Int(clamping: $0)) } ?? "not told" }
        func bytes(_ count: UInt64?) -> String { count.map { NumberFormat.bytes(Int(clamping: $0)) } ?? "not told" }
        func rated(_ count: KeyPath<NodeFigures.Counts, UInt64?>, _ text: String) -> String {
            figures.perSecond(count).map { "\(text), \(NumberFormat.short(Int($0))) per second" } ?? text
        }
        func ratedBytes(_ count: KeyPath<NodeFigures.Counts, UInt64?>) -> String {
            let text = bytes(counts[keyPath: count])
            return figures.perSecond(count).map { "\(text), \(NumberFormat.bytes(Int($0)))/s" } ?? text
        }
        var hits = "\(full(counts.hits)) of reads"
        if let hit = counts.hits, let miss = counts.misses, hit &+ miss > 0 {
            hits = "\(full(hit)), \(Int((Double(hit) / (Double(hit) + Double(miss)) * 100).rounded())) % of reads"
        }
        var processor = "not told"
        if counts.processor != nil {
            processor = figures.perSecond(\.processor).map { "\(Int(($0 / 10).rounded())) % of a core" } ?? "measuring"
        }
        return [
            Field(label: "connections", value: "\(full(counts.connections)) now, \(full(counts.connectionsEver)) ever"),
            Field(label: "commands", value: rated(\.commands, full(counts.commands))),
            Field(label: "error replies", value: rated(\.errors, full(counts.errors))),
            Field(label: "keys found", value: hits),
            Field(label: "received", value: ratedBytes(\.received)),
            Field(label: "sent", value: ratedBytes(\.sent)),
            Field(label: "memory", value: "\(bytes(counts.resident)), \(bytes(counts.allocated)) allocated"),
            Field(label: "processor", value: processor),
        ]
    }
}
