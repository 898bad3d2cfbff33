import Model
import NIOCore
import Storage

/// Commands about the cluster.
enum ClusterCommands {
    static let all = [readonly, readwrite, cluster, asking]

    private static let readonly = CommandDescriptor(
        "readonly",
        .keyless(runReadonly),
        arity: 1,
        .cluster,
        since: "3.0.0",
        "Enables read queries for a connection to a cluster replica node",
        flags: "loading stale fast",
        categories: "fast connection"
    )

    private static let readwrite = CommandDescriptor(
        "readwrite",
        .keyless(runReadwrite),
        arity: 1,
        .cluster,
        since: "3.0.0",
        "Disables read queries for a connection to a cluster replica node",
        flags: "loading stale fast",
        categories: "fast connection"
    )

    static let cluster = CommandDescriptor(
        "cluster",
        .keyless(runCluster),
        arity: -2,
        .cluster,
        since: "3.0.0",
        "A container for cluster commands",
        complexity: "Depends on subcommand.",
        categories: "slow",
        subcommands: [
            Subcommand("countkeysinslot", 3, "<slot>", "Return the number of keys in <slot> as this node has them."),
            Subcommand("info", 2, "Return information about the cluster."),
            Subcommand("keyslot", 3, "<key>", "Return the hash slot for <key>."),
            Subcommand("myid", 2, "Return the node id."),
            Subcommand("nodes", 2, "Return the cluster as this node sees it, a line for each node."),
            Subcommand("shards", 2, "Return the shards with their slots and nodes."),
            Subcommand("slots", 2, "Return the slots with the nodes that serve them."),
        ]
    )

    private static let asking = CommandDescriptor(
        "asking",
        .keyless(runAsking),
        arity: 1,
        .cluster,
        since: "3.0.0",
        "Sent by cluster clients after an -ASK redirect",
        flags: "fast",
        categories: "fast connection"
    )

    // MARK: What they do

    @Sendable
    private static func runReadonly(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        connection.acceptsReplicaReads = true
        reply.ok()
    }

    @Sendable
    private static func runReadwrite(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply)
    {
        connection.acceptsReplicaReads = false
        reply.ok()
    }

    @Sendable
    private static func runAsking(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        reply.ok()
    }

    @Sendable
    private static func runCluster(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        let words = arguments.restTexts
        let subcommand = words[0].lowercased()
        if words.count == 1, TopologyCache.keeps(subcommand) {
            return writeTopology(subcommand, connection, &reply)
        }
        let state = connection.state
        let replies = ClusterReplies(state, version: reply.version)
        if words.count == 2, subcommand == "countkeysinslot" {
            guard let store = reply.readableStore(of: state) else { return }
            return connection.runOnPool(usesStore: true) { () -> [UInt8] in
                var text: [UInt8] = []
                let owned = store.ownedSlots()?.slots
                replies.append(
                    words,
                    countKeys: { owned?.contains($0) ?? true ? Int(store.counts(of: $0...$0)[0].keys) : 0 },
                    to: &text
                )
                return text
            } _: {
                $0.raw($1)
            }
        }
        var text: [UInt8] = []
        replies.append(words, countKeys: { _ in 0 }, to: &text)
        reply.raw(text)
    }

    /// What is large, and the same until the cluster changes: made once, on the pool.
    private static func writeTopology(
        _ subcommand: String,
        _ connection: any CommandConnection,
        _ reply: inout Reply
    ) {
        let state = connection.state
        let cache = connection.topology
        let view = TopologyCache.View(state)
        let version = reply.version
        if let kept = cache.reply(to: subcommand, version: version, view) {
            reply.output.writeImmutableBuffer(kept)
            return
        }
        connection.runOnPool(usesStore: false) { () -> ByteBuffer in
            var text: [UInt8] = []
            ClusterReplies(state, version: version).append([subcommand], countKeys: { _ in 0 }, to: &text)
            let buffer = ByteBuffer(bytes: text)
            cache.keep(buffer, to: subcommand, version: version, view)
            return buffer
        } _: {
            _ = $0.output.writeImmutableBuffer($1)
        }
    }
}
