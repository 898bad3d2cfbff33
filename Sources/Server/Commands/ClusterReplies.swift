import Model
import Routing

/// The replies of CLUSTER, in the formats of Redis 7. Pure: one value describes the cluster as a node sees it now.
///
/// Under `modulo` neighbouring slots have different owners and CLUSTER SLOTS has thousands of entries (about 3 MB):
/// `TopologyCache` keeps what was built.
package struct ClusterReplies {
    let config: ClusterConfig
    let map: SlotMap
    let own: NodeAddress
    /// By shard index of the map.
    let leaders: [NodeAddress]
    /// Nodes by shard index of the map, those that config.yaml names or others.
    let replicas: [[NodeAddress]]
    /// RESP 2 or 3.
    let version: Int
    /// Nodes known not to answer.
    let unreachable: Set<NodeAddress>
    /// Replicas that take a copy or catch up: there, but nobody should read from them.
    let loading: Set<NodeAddress>
    /// The log sequence each node is known to have; 0 is told for others.
    let sequences: [NodeAddress: UInt64]

    /// - Parameters:
    ///   - own: the address of the node that answers.
    ///   - leaders: the leader of each shard, by index of `map.shardNames`; where it ends, config.yaml's counts.
    ///   - replicas: nodes of each shard beside those that config.yaml names; they may be the same.
    ///   - version: the connection's protocol, 2 or 3.
    package init(
        config: ClusterConfig,
        map: SlotMap,
        own: NodeAddress,
        leaders: [NodeAddress],
        replicas: [[NodeAddress]] = [],
        version: Int,
        unreachable: Set<NodeAddress> = [],
        loading: Set<NodeAddress> = [],
        sequences: [NodeAddress: UInt64] = [:]
    ) {
        self.config = config
        self.map = map
        self.own = own
        self.leaders = leaders
        self.replicas = replicas
        self.version = version
        self.unreachable = unreachable
        self.loading = loading
        self.sequences = sequences
    }

    /// The reply to `CLUSTER arguments[0] …`, for every subcommand there is.
    /// - Parameter countKeys: the keys of a slot as this node has them.
    package func append(_ arguments: [String], countKeys: (UInt16) -> Int, to bytes: inout [UInt8]) {
        switch ClusterCommands.cluster.check(arguments.first ?? "", count: arguments.count + 1) {
        case .refused(let text): bytes.appendRESPError(text)
        case .help: ClusterCommands.cluster.appendHelp(to: &bytes)
        case .known("slots"): appendSlots(to: &bytes)
        case .known("shards"): appendShards(to: &bytes)
        case .known("nodes"): appendNodes(to: &bytes)
        case .known("info"): appendInfo(to: &bytes)
        case .known("myid"): bytes.appendRESPBulk(id(own))
        case .known("keyslot"): bytes.appendRESPInteger(KeySlot.slot(of: arguments[1]))
        case .known: Self.appendCountKeysInSlot(arguments[1], countKeys: countKeys, to: &bytes)
        }
    }

    /// CLUSTER SLOTS: for each run of slots first, last, leader and replicas; ascending. Clients that read from replicas
    /// spread over those named here, so one that is away or behind is left out.
    package func appendSlots(to bytes: inout [UInt8]) {
        let encoded = map.shardNames.indices.map { shard in
            var nodes: [UInt8] = []
            let leader = leader(ofShard: shard)
            let members = members(ofShard: shard).filter {
                $0 == leader || !unreachable.contains($0) && !loading.contains($0)
            }
            for address in members { appendSlotsNode(address, to: &nodes) }
            return (count: members.count, bytes: nodes)
        }
        var runs: [(first: Int, last: Int)] = []
        for slot in map.owners.indices {
            if let last = runs.last, map.owners[last.last] == map.owners[slot] {
                runs[runs.count - 1].last = slot
            } else {
                runs.append((slot, slot))
            }
        }
        bytes.appendRESPArray(count: runs.count)
        for run in runs {
            let nodes = encoded[Int(map.owners[run.first])]
            bytes.appendRESPArray(count: 2 + nodes.count)
            bytes.appendRESPInteger(run.first)
            bytes.appendRESPInteger(run.last)
            bytes += nodes.bytes
        }
    }

    /// CLUSTER INFO. The state is `ok` when every slot's leader is reachable.
    package func appendInfo(to bytes: inout [UInt8]) {
        let failed = map.shardNames.indices.filter { unreachable.contains(leader(ofShard: $0)) }
            .reduce(0) { $0 + map.slotCount(ofShard: UInt16($1)) }
        let owning = map.shardNames.indices.filter { map.slotCount(ofShard: UInt16($0)) > 0 }.count
        let nodes = map.shardNames.indices.reduce(0) { $0 + members(ofShard: $1).count }
        let fields: [(String, any CustomStringConvertible)] = [
            ("cluster_state", failed == 0 ? "ok" : "fail"), ("cluster_slots_assigned", StorageLimits.slotCount),
            ("cluster_slots_ok", StorageLimits.slotCount - failed), ("cluster_slots_pfail", 0),
            ("cluster_slots_fail", failed), ("cluster_known_nodes", nodes), ("cluster_size", owning),
            ("cluster_current_epoch", map.version), ("cluster_my_epoch", map.version),
            ("cluster_stats_messages_sent", 0), ("cluster_stats_messages_received", 0),
            ("total_cluster_links_buffer_limit_exceeded", 0),
        ]
        bytes.appendRESPText(fields.map { "\($0):\($1)\r\n" }.joined(), version: version)
    }

    /// CLUSTER COUNTKEYSINSLOT.
    package static func appendCountKeysInSlot(
        _ text: String,
        countKeys: (UInt16) -> Int,
        to bytes: inout [UInt8]
    ) {
        guard let number = Array(text.utf8).withUnsafeBytes({ RESPInteger.parse($0) }) else {
            return bytes.appendRESPError("ERR value is not an integer or out of range")
        }
        guard let slot = UInt16(exactly: number), Int(slot) < StorageLimits.slotCount else {
            return bytes.appendRESPError("ERR Invalid slot")
        }
        bytes.appendRESPInteger(countKeys(slot))
    }

    private func appendSlotsNode(_ address: NodeAddress, to bytes: inout [UInt8]) {
        bytes.appendRESPArray(count: 4)
        bytes.appendRESPBulk(address.host)
        bytes.appendRESPInteger(address.port)
        bytes.appendRESPBulk(id(address))
        bytes.appendRESPMap(count: 0, version: version)
    }

    func id(_ address: NodeAddress) -> String { NodeIdentity.id(cluster: config.name, address: address) }

    func leader(ofShard index: Int) -> NodeAddress {
        if index < leaders.count { return leaders[index] }
        return config.shard(named: map.shardNames[index])?.address ?? own
    }

    /// The leader, then the others as config.yaml has them, then those it does not name.
    func members(ofShard index: Int) -> [NodeAddress] {
        let leader = leader(ofShard: index)
        let named = config.shard(named: map.shardNames[index])?.nodes.filter { $0 != leader } ?? []
        guard index < replicas.count else { return [leader] + named }
        return [leader] + named + replicas[index].filter { $0 != leader && !named.contains($0) }
    }
}
