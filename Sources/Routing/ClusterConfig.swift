import Model

/// Where slot map, in-sync sets and leases are kept.
package enum CoordinatorKind: String, Codable, Sendable, CaseIterable {
    case local, etcd
}

/// What a cluster is used for: the colour of the console's frame.
package enum ClusterEnvironment: String, Codable, Sendable, CaseIterable {
    case development, staging, production
}

/// One shard as config.yaml starts it.
package struct ShardConfig: Hashable, Sendable, Codable {
    package var name: String
    package var index: Int
    /// The leader, until there is an election.
    package var address: NodeAddress
    package var replicas: [NodeAddress]

    package init(name: String, index: Int, address: NodeAddress, replicas: [NodeAddress] = []) {
        self.name = name
        self.index = index
        self.address = address
        self.replicas = replicas
    }

    /// The leader and then the replicas, as written.
    package var nodes: [NodeAddress] { [address] + replicas }
}

/// A whole config.yaml, checked: what is here is consistent (`ConfigParser` made sure).
package struct ClusterConfig: Hashable, Sendable {
    /// The path it was read from, as given; for messages.
    package var file = "config.yaml"
    package var name = "default"
    package var placement = PlacementPolicy.fixed
    package var engine = EngineKind.lmdb
    package var durability = Durability.fsync
    /// Already resolved against the folder of the file.
    package var dataDirectory = "data"
    package var coordinator = CoordinatorKind.local
    /// `http(s)://host:port`.
    package var etcdEndpoints: [String] = []
    package var leaseSeconds = 3
    /// Leader included.
    package var minInSync = 1
    /// Writes are refused below this much free disk, and taken again above twice that; nil: 256 MiB, of small disks less.
    package var reserveBytes: UInt64?
    package var environment = ClusterEnvironment.development
    /// In index order: `shards[i].index == i`.
    package var shards: [ShardConfig]
    /// Line of each address in the file, for messages found later than by the parser.
    package var addressLines: [NodeAddress: Int] = [:]

    /// A config with every default, for tests and for clusters made without a file.
    package init(shards: [ShardConfig]) {
        self.shards = shards
    }

    /// The shard of that name, nil if the file has none.
    package func shard(named name: String) -> ShardConfig? {
        shards.first { $0.name == name }
    }

    /// The shard `address` belongs to, and whether it is there as a replica; nil if the file does not have it.
    package func membership(of address: NodeAddress) -> (shard: ShardConfig, isReplica: Bool)? {
        for shard in shards {
            if shard.address == address { return (shard, false) }
            if shard.replicas.contains(address) { return (shard, true) }
        }
        return nil
    }

    /// Every node, by shard index, each shard's leader first.
    package var allNodes: [NodeAddress] { shards.flatMap(\.nodes) }

    /// Shard names in index order, as `PlacementPolicy` wants them.
    package var shardNames: [String] { shards.map(\.name) }

    /// The folder of the node at `address`, below `dataDirectory`.
    package func dataFolder(for address: NodeAddress) -> String {
        "\(dataDirectory)/\(address.folderName)"
    }
}
