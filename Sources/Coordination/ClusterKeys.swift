/// The keys of a cluster (docs/coordination.md), below `/shoal/<cluster>/` in etcd.
package enum ClusterKeys {
    package static let identity = "cluster"
    package static let map = "map"
    package static let shards = "shards/"
    package static let sessions = "sessions/"
    package static let notices = "members/"
    package static let documents = "documents/"

    package static func shard(_ name: String) -> String { shards + name }
    package static func session(_ id: String) -> String { sessions + id }
    package static func notices(of shard: String) -> String { notices + shard + "/" }
    package static func notice(_ shard: String, member: String) -> String { notices(of: shard) + member }
    package static func document(_ name: String) -> String { documents + name }
}
