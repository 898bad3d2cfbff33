import Model
import Routing
import Storage

/// What a node's event loops serve from: an immutable snapshot, replaced as a whole when anything in it changes.
package final class ServingState: Sendable {
    package let config: ClusterConfig
    package let map: SlotMap
    package let address: NodeAddress
    /// This node's shard in the map; nil while the shard is not part of the cluster (it owns no slots then).
    package let shardIndex: UInt16?
    package let shardName: String
    package let role: NodeStatus.Role
    /// The leader of each shard, by the map's index; nil while it has none.
    package let leaders: [NodeAddress?]
    /// The nodes of each shard that are there, by the map's index; nil, or missing, while nothing is known of a shard.
    package let nodes: [ShardNodes?]
    /// nil while the shard is starting, stopped or failed; the address still answers status.
    package let store: ShardStore?
    package let phase: NodeStatus.State
    /// Who decides about the shard's lead, for followers' streams; nil where nobody does.
    package let leadership: (any ShardLeadership)?
    /// Who decides about slots that come and go while this node is the leader; nil while it is not.
    package let resharding: (any ShardResharding)?
    /// Why the node is in this phase, for people.
    package let message: String
    /// The coordinator that the shard's folder belongs to; nil while it is not open.
    package let coordinator: String?

    package init(
        config: ClusterConfig,
        map: SlotMap,
        address: NodeAddress,
        shardName: String,
        role: NodeStatus.Role,
        leaders: [NodeAddress?],
        nodes: [ShardNodes?] = [],
        store: ShardStore?,
        phase: NodeStatus.State,
        message: String,
        leadership: (any ShardLeadership)? = nil,
        resharding: (any ShardResharding)? = nil,
        coordinator: String? = nil
    ) {
        self.coordinator = coordinator
        self.config = config
        self.map = map
        self.address = address
        self.shardName = shardName
        self.role = role
        self.leaders = leaders
        self.nodes = nodes
        self.store = store
        self.phase = phase
        self.leadership = leadership
        self.resharding = resharding
        self.message = message
        shardIndex = map.index(ofShard: shardName)
    }

    package var isLeader: Bool { role == .leader }

    /// What streams to other nodes are served from; nil while this node is not the leader.
    package var streamed: StreamedShard? {
        guard isLeader, let store else { return nil }
        return StreamedShard(
            store: store,
            cluster: config.name,
            name: shardName,
            coordinator: coordinator,
            leadership: leadership,
            resharding: resharding
        )
    }

    /// This node has just become leader and its term is being begun: commands wait for that instead of being turned away. As of
    /// now: clients are sent here at once, and the loops are told a little later.
    package var isAboutToLead: Bool { !isLeader && leadership?.isAboutToLead == true }

    package func owns(_ slot: UInt16) -> Bool { map.owner(of: slot) == shardIndex }

    /// Where to send a client for a slot: its leader, if that is another node. nil while the slot's shard has none (or
    /// this node is about to lead it).
    package func leader(ofSlot slot: UInt16) -> NodeAddress? { leader(ofShard: map.owner(of: slot)) }

    /// The same for a shard, by the map's index.
    package func leader(ofShard index: UInt16) -> NodeAddress? {
        guard Int(index) < leaders.count, let leader = leaders[Int(index)] else { return nil }
        return leader == address && !isLeader ? nil : leader
    }

    /// The leader of a slot's shard if it is another node, whatever this node's role.
    package func otherLeader(ofSlot slot: UInt16) -> NodeAddress? {
        leader(ofSlot: slot).flatMap { $0 == address ? nil : $0 }
    }
}

extension ServingState {
    /// Whether a slot's keys are shown: this shard's by the map and, where the log says so, by the log as well. What is
    /// copied here and not taken over yet, or given away and not cleared yet, is nobody's to see. Without the store's lock.
    func shows(_ store: ShardStore) -> (UInt16) -> Bool {
        guard let owned = store.ownedSlots()?.slots else { return owns }
        return { self.owns($0) && owned.contains($0) }
    }

    /// Replicas of another shard that may be read from.
    func freshReplicas(ofShard index: UInt16) -> [NodeAddress] {
        guard Int(index) < nodes.count, let nodes = nodes[Int(index)] else { return [] }
        // What is known of the leader can be ahead of the rest.
        let leader = leader(ofShard: index)
        return nodes.fresh.filter { $0 != leader }
    }

    /// Nodes of this node's shard, those of config.yaml and others that are there.
    var memberCount: Int {
        let named = config.shard(named: shardName)?.nodes ?? []
        let known = shardIndex.flatMap { Int($0) < nodes.count ? nodes[Int($0)]?.all : nil } ?? []
        return Set(named + known + [address]).count
    }
}

/// What the server asks of the node around it; called from event loops, so nothing here may block.
package protocol NodeControl: AnyObject, Sendable {
    /// The node's object of the status document. Blocks; called from a thread of the pool.
    func status() -> NodeStatus
    /// How well the node was some moments ago. Never blocks.
    var health: Health { get }
    /// Figures of the shard's files and memory; none while it is stopped. Blocks; called from a thread of the pool.
    func storageMetrics() -> [StorageMetric]
    /// Begins to start the shard; returns the state afterwards. Blocks no thread.
    func startShard() async -> NodeStatus
    /// Stops the shard: files closed, the address still answers. Blocks no thread.
    func stopShard() async -> NodeStatus
    /// A planned change of the shard's leader: to the node at that address, or to the replica that is furthest.
    /// - Returns: why there was none, in words; nil when another node is the leader now.
    func switchOver(to target: String?) async -> String?
    /// On a replica: how old its newest complete state is at most, in milliseconds; nil while that can't be known.
    var stalenessMilliseconds: UInt64? { get }
    /// Why deleting what is here of these slots would be unsafe now: their owners must be there and have them.
    func reasonNotToClean(_ slots: [ClosedRange<UInt16>]) async -> String?
    /// The paper's replication cursor; blocks. nil: nothing new.
    func nextReplicationRecord() throws(StorageError) -> ReplicationRecord?
    /// Takes the first record if it is this one; otherwise says why not. Blocks.
    func takeReplicationRecord(key: [UInt8], value: [UInt8]?) throws(StorageError) -> String?
}

/// A record as the paper's `/get-next-replication-key` tells it.
package struct ReplicationRecord: Sendable {
    package var key: [UInt8]
    /// nil for a delete.
    package var value: [UInt8]?
    package var position: Position

    package init(key: [UInt8], value: [UInt8]?, position: Position) {
        self.key = key
        self.value = value
        self.position = position
    }
}
