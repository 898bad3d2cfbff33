import Model
import Replication
import Routing

/// Where clients are sent: what a node tells of the cluster.
struct Topology: Sendable {
    var map: SlotMap
    /// By the map's index; nil while a shard has none.
    var leaders: [NodeAddress?]

    init(map: SlotMap, leaders: [NodeAddress?]) {
        self.map = map
        self.leaders = leaders
    }

    init(map: SlotMap, records: [String: SeenRecord]) {
        self.map = map
        leaders = map.shardNames.map { name in
            (records[name]?.record?.leader?.address).flatMap { try? NodeAddress($0) }
        }
    }
}
