import Model
import Terminal

extension DetailText {
    /// What the details say, as fields of the node's view.
    static func fields(_ details: NodeDetails?, of node: NodeStatus) -> [Field] {
        guard let details, details.address == node.address else { return [] }
        if !details.failure.isEmpty {
            return [Field(label: "metrics", value: details.failure, isWide: true)]
        }
        let counts = details.counts
        func full(_ count: UInt64?) -> String { count.map { NumberFormat.full(Int(clamping: $0)) } ?? "not told" }
        func bytes(_ count: UInt64?) -> String { count.map { NumberFormat.bytes(Int(clamping: $0)) } ?? "not told" }
        func rated(_ count: KeyPath<NodeDetails.Counts, UInt64?>, _ text: String) -> String {
            details.perSecond(count).map { "\(text), \(NumberFormat.short(Int($0))) per second" } ?? text
        }
        func ratedBytes(_ count: KeyPath<NodeDetails.Counts, UInt64?>) -> String {
            let text = bytes(counts[keyPath: count])
            return details.perSecond(count).map { "\(text), \(NumberFormat.bytes(Int($0)))/s" } ?? text
        }
        var hits = "\(full(counts.hits)) of reads"
        if let hit = counts.hits, let miss = counts.misses, hit &+ miss > 0 {
            hits = "\(full(hit)), \(Int((Double(hit) / (Double(hit) + Double(miss)) * 100).rounded())) % of reads"
        }
        var processor = "not told"
        if counts.processor != nil {
            processor = details.perSecond(\.processor).map { "\(Int(($0 / 10).rounded())) % of a core" } ?? "measuring"
        }
        return [
            Field(label: "connections", value: "\(full(counts.connections)) now, \(full(counts.connectionsEver)) ever"),
            Field(label: "commands", value: rated(\.commands, full(counts.commands))),
            Field(label: "error replies", value: rated(\.errors, full(counts.errors))),
            Field(label: "keys found", value: hits),
            Field(label: "received", value: ratedBytes(\.received)),
            Field(label: "sent", value: ratedBytes(\.sent)),
            Field(label: "memory", value: bytes(counts.resident)),
            Field(label: "processor", value: processor),
        ] + storage(counts.storage)
    }

    /// Log, hot table and engine, as far as the node tells of them.
    static func storage(_ found: [String: UInt64]) -> [Field] {
        func bytes(_ name: String) -> String? { found[name].map { NumberFormat.bytes(Int(clamping: $0)) } }
        func number(_ name: String) -> String? { found[name].map { NumberFormat.full(Int(clamping: $0)) } }
        var fields: [Field] = []
        if let log = bytes("log_bytes") {
            let files = found["log_segments"].map { " in \(NumberFormat.counted(Int(clamping: $0), "file"))" } ?? ""
            fields.append(Field(label: "log", value: log + files))
        }
        if let sync = found["sync_microseconds"] {
            fields.append(
                Field(label: "log's sync", value: "\(NumberFormat.milliseconds(micros: Int(clamping: sync))) ms")
            )
        }
        if let hot = bytes("hot_table_bytes") {
            let keys = number("hot_table_entries").map { ", \($0) keys" } ?? ""
            fields.append(Field(label: "hot table", value: hot + keys))
        }
        if let left = bytes("unapplied_bytes") { fields.append(Field(label: "to apply", value: left)) }
        if let files = bytes("engine_file_bytes") { fields.append(Field(label: "engine's files", value: files)) }
        if let memory = bytes("engine_memtable_bytes") {
            let cache = bytes("engine_block_cache_bytes").map { ", block cache \($0)" } ?? ""
            fields.append(Field(label: "memtables", value: memory + cache))
        }
        if let pending = bytes("engine_pending_compaction_bytes") {
            let files = number("engine_level0_files").map { ", \($0) files unsorted" } ?? ""
            fields.append(Field(label: "to compact", value: pending + files))
        }
        if let readers = number("engine_readers") { fields.append(Field(label: "readers", value: readers)) }
        return fields
    }

    /// Commands that took long, the newest ones.
    static func slow(_ details: NodeDetails?, of node: NodeStatus, now: Int) -> [Field] {
        guard let details, details.address == node.address else { return [] }
        return details.slow.prefix(slowListed).enumerated().map { index, entry in
            let ago = NumberFormat.duration(seconds: max(0, now - entry.time))
            let shared = entry.count > 1 ? " and \(entry.count - 1) before it" : ""
            let took = "\(NumberFormat.milliseconds(micros: Int(clamping: entry.microseconds))) ms"
            let value = "\(took), \(ago) ago, \(entry.client): \(SafeText.display(entry.command))\(shared)"
            return Field(label: index == 0 ? "slow" : "", value: value, isWide: true)
        }
    }

    /// The node's `/slowlog` has 128.
    private static let slowListed = 3
}
