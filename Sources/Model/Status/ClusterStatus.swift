/// The status document of the whole cluster (docs/protocol.md): `shoal status --json`, `shoal console --once --json`.
package struct ClusterStatus: Codable, Hashable, Sendable {
    package struct Shard: Codable, Hashable, Sendable {
        package var name: String
        package var index: Int
        package var slots: Int
        /// Keys and bytes of the leader (of the best-informed replica while the leader can't be reached).
        package var keys: Int
        package var bytes: Int
        /// Address of the leader.
        package var leader: String
        package var nodes: [NodeStatus]

        package init(name: String, index: Int, slots: Int, keys: Int, bytes: Int, leader: String, nodes: [NodeStatus]) {
            self.name = name
            self.index = index
            self.slots = slots
            self.keys = keys
            self.bytes = bytes
            self.leader = leader
            self.nodes = nodes
        }
    }

    package var schema: Int
    package var cluster: String
    package var mapVersion: Int
    package var placement: String
    package var coordinator: String
    package var keys: Int
    package var bytes: Int
    package var opsPerSecond: NodeStatus.Rates
    package var shards: [Shard]
    /// The reshard that is under way.
    package var reshard: ReshardStatus?
    package var health: Health

    package enum CodingKeys: String, CodingKey {
        case schema, cluster
        case mapVersion = "map_version"
        case placement, coordinator, keys, bytes
        case opsPerSecond = "ops_per_second"
        case shards, reshard, health
    }

    /// Sums the shards into the cluster's totals. The numbers come from other nodes, over the network: a sum that is
    /// too large is the largest number.
    package init(
        cluster: String,
        mapVersion: Int,
        placement: String,
        coordinator: String,
        shards: [Shard],
        reshard: ReshardStatus? = nil
    ) {
        self.schema = 1
        self.cluster = cluster
        self.mapVersion = mapVersion
        self.placement = placement
        self.coordinator = coordinator
        self.shards = shards
        self.reshard = reshard
        health = Health.of(shards)
        keys = shards.reduce(0) { Self.sum($0, $1.keys) }
        bytes = shards.reduce(0) { Self.sum($0, $1.bytes) }
        opsPerSecond = shards.flatMap(\.nodes).reduce(into: NodeStatus.Rates()) {
            $0.read = Self.sum($0.read, $1.opsPerSecond.read)
            $0.write = Self.sum($0.write, $1.opsPerSecond.write)
        }
    }

    private static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, isOver) = left.addingReportingOverflow(right)
        return isOver ? (right > 0 ? .max : .min) : sum
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        schema = try values.decode(Int.self, forKey: .schema)
        cluster = try values.decode(String.self, forKey: .cluster)
        mapVersion = try values.decode(Int.self, forKey: .mapVersion)
        placement = try values.decode(String.self, forKey: .placement)
        coordinator = try values.decode(String.self, forKey: .coordinator)
        keys = try values.decode(Int.self, forKey: .keys)
        bytes = try values.decode(Int.self, forKey: .bytes)
        opsPerSecond = try values.decode(NodeStatus.Rates.self, forKey: .opsPerSecond)
        shards = try values.decode([Shard].self, forKey: .shards)
        reshard = try values.decodeIfPresent(ReshardStatus.self, forKey: .reshard)
        health = try values.decodeIfPresent(Health.self, forKey: .health) ?? Health.of(shards)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(schema, forKey: .schema)
        try values.encode(cluster, forKey: .cluster)
        try values.encode(mapVersion, forKey: .mapVersion)
        try values.encode(placement, forKey: .placement)
        try values.encode(coordinator, forKey: .coordinator)
        try values.encode(keys, forKey: .keys)
        try values.encode(bytes, forKey: .bytes)
        try values.encode(opsPerSecond, forKey: .opsPerSecond)
        try values.encode(shards, forKey: .shards)
        // Null, not left out, while there is no job: the contract names the field.
        try values.encode(reshard, forKey: .reshard)
        try values.encode(health, forKey: .health)
    }
}
